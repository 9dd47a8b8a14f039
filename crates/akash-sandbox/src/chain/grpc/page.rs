//! Pages of a list, as the node's handlers make them: `total` counts this page only, `next_key` is opaque.

use cosmos_sdk_proto::cosmos::base::query::v1beta1::{PageRequest, PageResponse};
use tonic::Status;

/// Items of a page when the request names no limit.
const DEFAULT_LIMIT: u64 = 100;

/// Cuts a page out of a list. An item is its key, written only where a page begins or ends, and, unless a filter drops it, its answer.
/// `by_state` tells whether the filters name a state: a node pages by offset only then.
pub(super) fn page<K: ToString, T>(
    items: impl DoubleEndedIterator<Item = (K, Option<T>)>,
    request: Option<PageRequest>,
    by_state: bool,
) -> Result<(Vec<T>, Option<PageResponse>), Status> {
    let request = request.unwrap_or_default();
    if request.offset > 0 && !by_state {
        return Err(Status::invalid_argument(
            "invalid request parameters. if offset is set, filter.state must be provided",
        ));
    }
    let items: Box<dyn Iterator<Item = (K, Option<T>)>> =
        if request.reverse { Box::new(items.rev()) } else { Box::new(items) };
    let mut from = items
        .skip_while(|(key, _)| !request.key.is_empty() && key.to_string().as_bytes() != request.key)
        .peekable();
    if !request.key.is_empty() && from.peek().is_none() {
        return Err(Status::invalid_argument("invalid pagination key"));
    }
    let limit = if request.limit == 0 { DEFAULT_LIMIT } else { request.limit };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    let mut kept = from.filter_map(|(key, item)| Some((key, item?))).skip(offset);
    let found: Vec<T> = kept.by_ref().take(limit).map(|(_, item)| item).collect();
    let next_key = kept.next().map_or_else(Vec::new, |(key, _)| key.to_string().into_bytes());
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    Ok((found, Some(PageResponse { next_key, total })))
}

/// The number of a state by its name; `None` when the filter names none.
pub(super) fn state_filter(name: &str, known: &[(&str, i32)]) -> Result<Option<i32>, Status> {
    if name.is_empty() {
        return Ok(None);
    }
    let found = known.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    found.map(Some).ok_or_else(|| Status::invalid_argument("invalid state value"))
}

/// A filter that is empty or 0 lets everything pass.
pub(super) fn passes<T: PartialEq + Default>(filter: &T, value: &T) -> bool {
    *filter == T::default() || filter == value
}

/// The same for texts.
pub(super) fn passes_text(filter: &str, value: &str) -> bool {
    filter.is_empty() || filter == value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> impl DoubleEndedIterator<Item = (String, Option<u32>)> {
        (0..10_u32).map(|n| (format!("k{n}"), (n % 2 == 0).then_some(n)))
    }

    #[test]
    fn pages_follow_each_other_by_key() {
        let request =
            |key: &[u8]| Some(PageRequest { key: key.to_vec(), limit: 2, ..PageRequest::default() });
        let (first, answer) = page(list(), request(b""), false).unwrap();
        let answer = answer.unwrap();
        assert_eq!((first, answer.total), (vec![0, 2], 2));
        let (second, answer) = page(list(), request(&answer.next_key), false).unwrap();
        assert_eq!(second, [4, 6]);
        let (last, answer) = page(list(), request(&answer.unwrap().next_key), false).unwrap();
        assert_eq!((last, answer.unwrap().next_key), (vec![8], vec![]));
        assert!(page(list(), request(b"nonsense"), false).is_err());
    }

    #[test]
    fn an_offset_needs_a_state() {
        let request = || Some(PageRequest { offset: 1, reverse: true, ..PageRequest::default() });
        assert!(page(list(), request(), false).is_err());
        assert_eq!(page(list(), request(), true).unwrap().0, [6, 4, 2, 0]);
    }
}
