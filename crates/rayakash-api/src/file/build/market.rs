//! Which bid wins, and what may be spent.

use super::super::problems::{Path, Problems, Refusal};
use super::super::{quantity, shape};
use akash_types::Address;
use rayakash_core::spec;

/// Akash's own auditor.
const AUDITOR: &str = "akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63";

/// The market's rules.
pub(super) fn read(given: Option<&shape::Market>, problems: &mut Problems) -> spec::Market {
    let default = spec::Market::default();
    let Some(given) = given else { return default };
    let path = Path::root().key("market");
    let (window_min, window_max_ms) = window(given.bid_window.as_ref(), &path.key("bid_window"), problems);
    let providers = given.providers.clone().unwrap_or_default();
    let from = path.key("providers");
    if given.min_bids == Some(0) {
        problems.at(&path.key("min_bids"), "`min_bids` must be at least 1", None);
    }
    spec::Market {
        select: match given.select {
            Some(shape::Select::Cheapest) => spec::Select::Cheapest,
            Some(shape::Select::Balanced) | None => spec::Select::Balanced,
        },
        window_min,
        window_max_ms: window_max_ms.unwrap_or(default.window_max_ms),
        min_bids: given.min_bids,
        max_price_per_hour: amount(given.max_price.as_ref(), &path.key("max_price"), problems),
        audited: match providers.audited {
            Some(shape::Audited::Any(true)) => vec![AUDITOR.to_owned()],
            Some(shape::Audited::By(list)) => addresses(&list, &from.key("audited"), problems),
            Some(shape::Audited::Any(false)) | None => Vec::new(),
        },
        allow: addresses(&providers.allow.unwrap_or_default(), &from.key("allow"), problems),
        deny: addresses(&providers.deny.unwrap_or_default(), &from.key("deny"), problems),
        attributes: given.attributes.clone().unwrap_or_default(),
    }
}

/// The caps.
pub(super) fn budget(given: Option<&shape::Budget>, problems: &mut Problems) -> spec::Budget {
    let Some(given) = given else { return spec::Budget::default() };
    let path = Path::root().key("budget");
    spec::Budget {
        max_per_hour: amount(given.max_usd_per_hour.as_ref(), &path.key("max_usd_per_hour"), problems),
        max_total: amount(given.max_usd_total.as_ref(), &path.key("max_usd_total"), problems),
        on_limit: match given.on_limit {
            Some(shape::OnLimit::Down) => spec::OnLimit::Down,
            Some(shape::OnLimit::Stop) | None => spec::OnLimit::Stop,
        },
    }
}

fn window(
    given: Option<&shape::BidWindow>,
    path: &Path,
    problems: &mut Problems,
) -> (Option<spec::Wait>, Option<u64>) {
    let Some(given) = given else { return (None, None) };
    let least = given.min.as_ref().and_then(|text| problems.take(&path.key("min"), wait(text)));
    let most = given.max.as_ref().and_then(|text| problems.take(&path.key("max"), quantity::millis(text)));
    if let (Some(spec::Wait::Millis(least)), Some(most)) = (least, most)
        && most < least
    {
        problems.at(&path.key("max"), "the window ends before it begins: `max` is less than `min`", None);
    }
    (least, most)
}

/// A time, or a number of blocks.
fn wait(text: &str) -> Result<spec::Wait, Refusal> {
    let blocks = ["blocks", "block"].iter().find_map(|unit| text.trim().strip_suffix(unit)).map(str::trim);
    match blocks.map(str::parse) {
        Some(Ok(blocks)) => Ok(spec::Wait::Blocks(blocks)),
        Some(Err(_)) => {
            Err(Refusal::new(format!("`{text}` is no number of blocks")).help("such as `2 blocks`"))
        }
        None => quantity::millis(text).map(spec::Wait::Millis),
    }
}

fn amount(text: Option<&shape::Usd>, path: &Path, problems: &mut Problems) -> Option<u128> {
    let text = &text?.0;
    let positive =
        |uact| if uact == 0 { Err(Refusal::new("nothing can be bought for nothing")) } else { Ok(uact) };
    problems.take(path, quantity::usd(text).and_then(positive))
}

fn addresses(list: &[String], path: &Path, problems: &mut Problems) -> Vec<String> {
    for (index, text) in list.iter().enumerate() {
        if text.parse::<Address>().is_err() {
            let help = "an address begins with `akash1`".to_owned();
            problems.at(&path.item(index), format!("`{text}` is no address on Akash"), Some(help));
        }
    }
    list.to_vec()
}
