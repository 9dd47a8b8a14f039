//! What two endpoints show alike.

use std::future::Future;

use akash_types::Height;

use super::Client;
use crate::ChainError;

impl Client {
    /// What two endpoints show alike at a height; the only endpoint's word, when there is just one. Whoever is asked first and shows
    /// something else is not asked first any more.
    ///
    /// `read` is given a client to ask, and must ask at that height. An error when all others are silent or behind, and
    /// [`ChainError::Disagree`] when no two show the same: blocks are final, so all but one are wrong.
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
        let mut shown = vec![first];
        let mut silent = ChainError::NoEndpoint;
        for other in self.others(asked) {
            let theirs = match other.has(height).await {
                Ok(()) => read(other).await,
                Err(error) => Err(error),
            };
            match theirs {
                Ok(theirs) => match shown.iter().position(|known| *known == theirs) {
                    Some(0) => return Ok(theirs),
                    Some(_) => {
                        self.turn();
                        return Ok(theirs);
                    }
                    None => shown.push(theirs),
                },
                Err(error) => silent = error,
            }
        }
        Err(if shown.len() > 1 { ChainError::Disagree { what, height } } else { silent })
    }

    /// Makes sure that a node has a block.
    async fn has(&self, height: Height) -> Result<(), ChainError> {
        let at = self.tip().await?.height;
        if at < height { Err(ChainError::Behind { at, seen: height }) } else { Ok(()) }
    }
}
