//! What two endpoints show alike.

use std::future::Future;

use akash_types::Height;

use super::Client;
use crate::ChainError;

impl Client {
    /// What is read at a height, when a second endpoint shows the same there; the only endpoint's word, when there is just one.
    ///
    /// `read` is given a client to ask, and must ask at that height. An error when the others are silent or behind, and
    /// [`ChainError::Disagree`] when one shows something else: blocks are final, so one of the two is wrong.
    pub async fn agreed<T, F>(
        &self,
        what: &'static str,
        height: Height,
        read: impl Fn(Self) -> F,
    ) -> Result<T, ChainError>
    where
        T: PartialEq,
        F: Future<Output = Result<T, ChainError>>,
    {
        let asked = self.preferred();
        let first = read(self.clone()).await?;
        if self.is_single() {
            return Ok(first);
        }
        let mut silent = ChainError::NoEndpoint;
        for other in self.others(asked) {
            let theirs = match other.has(height).await {
                Ok(()) => read(other).await,
                Err(error) => Err(error),
            };
            match theirs {
                Ok(theirs) if theirs == first => return Ok(first),
                Ok(_) => return Err(ChainError::Disagree { what, height }),
                Err(error) => silent = error,
            }
        }
        Err(silent)
    }

    /// Makes sure that a node has a block.
    async fn has(&self, height: Height) -> Result<(), ChainError> {
        let at = self.tip().await?.height;
        if at < height { Err(ChainError::Behind { at, seen: height }) } else { Ok(()) }
    }
}
