//! Lists that come in pages.

use std::fmt::Display;
use std::future::Future;

use cosmos_sdk_proto::cosmos::base::query::v1beta1::{PageRequest, PageResponse};

use crate::ChainError;

/// Items asked for at a time.
const PER_PAGE: u64 = 200;
/// Pages after which a node is not believed any more.
const MAX_PAGES: usize = 200;

/// Every item of a list, page after page by `next_key`.
pub(super) async fn all<T, F>(
    what: &'static str,
    fetch: impl Fn(Option<PageRequest>) -> F,
) -> Result<Vec<T>, ChainError>
where
    F: Future<Output = Result<(Vec<T>, Option<PageResponse>), ChainError>>,
{
    let mut items = Vec::new();
    let mut key = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = PageRequest { key, limit: PER_PAGE, ..PageRequest::default() };
        let (mut more, response) = fetch(Some(page)).await?;
        items.append(&mut more);
        key = response.map(|r| r.next_key).unwrap_or_default();
        if key.is_empty() {
            return Ok(items);
        }
    }
    Err(ChainError::TooMany { what, pages: MAX_PAGES })
}

/// Those entries of strangers that make sense; one that does not must not hide the others.
pub(super) fn sound<P, T>(what: &'static str, entries: Vec<P>) -> Vec<T>
where
    T: TryFrom<P>,
    T::Error: Display,
{
    entries
        .into_iter()
        .filter_map(|entry| {
            T::try_from(entry)
                .inspect_err(|error| tracing::warn!(what, error = %error, "an entry on chain makes no sense"))
                .ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages 0, 1, 2, …: each holds its own number and points to the next until `last`.
    async fn listed(last: u8) -> Result<Vec<u8>, ChainError> {
        all("count", |page| async move {
            let number = page.unwrap().key.first().copied().unwrap_or(0);
            let next_key = if number == last { vec![] } else { vec![number.wrapping_add(1)] };
            Ok((vec![number], Some(PageResponse { next_key, total: 1 })))
        })
        .await
    }

    #[tokio::test]
    async fn every_page_is_read_and_an_endless_list_is_an_error() {
        assert_eq!(listed(0).await.unwrap(), [0]);
        assert_eq!(listed(3).await.unwrap(), [0, 1, 2, 3]);
        assert!(matches!(listed(255).await, Err(ChainError::TooMany { pages: 200, .. })));
    }
}
