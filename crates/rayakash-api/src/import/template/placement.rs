//! Which providers, and for how much.

use super::super::draft::Market;
use super::super::note::Report;
use super::super::size::scaled;
use super::super::source::{Item, shown};
use super::Replicas;
use super::service::Service;
use crate::secret_looking::is_secret;
use akash_types::Address;

/// Blocks in an hour on Akash's main network, one every six seconds.
const BLOCKS_PER_HOUR: u128 = 600;
/// More than any node on Akash costs, in US dollars per hour. A cap above it stands for none.
const NO_CAP: u128 = 100;
const UACT_PER_USD: u128 = 1_000_000;

/// The placements that the cluster's services are deployed to.
pub(super) struct Placements<'a> {
    placement: Item<'a>,
    used: Vec<(String, Item<'a>)>,
    /// In uact per hour; none as soon as one node's price is not known.
    price: Option<u128>,
}

impl<'a> Placements<'a> {
    /// All placements of the document.
    pub(super) fn of(root: &Item<'a>) -> Self {
        Self { placement: root.key("profiles").key("placement"), used: Vec::new(), price: Some(0) }
    }

    /// Nodes of a service are deployed there.
    pub(super) fn add(&mut self, service: &Service<'a>, replicas: &Replicas<'a>, report: &mut Report) {
        let Some(name) = &replicas.placement else {
            self.price = None;
            return;
        };
        let item = self.placement.key(name);
        if self.used.iter().all(|(used, _)| used != name) {
            self.used.push((name.clone(), item.clone()));
        }
        let pricing = item.key("pricing");
        let price = pricing.get(&replicas.profile).or_else(|| pricing.get(&service.name));
        let price = price.and_then(|price| per_hour(&price, report));
        let all = price.and_then(|price| price.checked_mul(u128::from(replicas.count)));
        self.price = self.price.zip(all).and_then(|(sum, more)| sum.checked_add(more));
    }

    /// What the cluster file says of it.
    pub(super) fn market(&self, report: &mut Report) -> Market {
        let mut market = Market { max_price: self.price.filter(|price| *price > 0), ..Market::default() };
        let [(_, first), others @ ..] = self.used.as_slice() else { return market };
        for (name, other) in others {
            let reason =
                format!("the placement `{}` was left out: all nodes are with one provider", shown(name));
            report.note(other, reason, "");
        }
        for (key, item) in first.key("attributes").entries() {
            match item.text() {
                Some(value) if is_secret(&key, &value) => {
                    report.note(&item, "the attribute is probably a secret, and was left out", "");
                }
                Some(value) => market.attributes.push((key, value)),
                None => {
                    let reason = format!("the attribute `{}` has no text, and was left out", shown(&key));
                    report.note(&item, reason, "write it as one text");
                }
            }
        }
        auditors(&first.key("signedBy"), &mut market, report);
        market
    }
}

/// Auditors of whom one must have signed.
fn auditors(signed_by: &Item<'_>, market: &mut Market, report: &mut Report) {
    let all = signed_by.key("allOf").items();
    if let [_, _, ..] = all.as_slice() {
        let reason = "signatures of several auditors at once cannot be asked for: one of them is enough";
        report.note(&signed_by.key("allOf"), reason, "");
    }
    for item in signed_by.key("anyOf").items().into_iter().chain(all) {
        let address = item.text().unwrap_or_default();
        if address.parse::<Address>().is_err() {
            report.note(&item, format!("`{}` is no address on Akash, and was left out", shown(&address)), "");
        } else if !market.audited.contains(&address) {
            market.audited.push(address);
        }
    }
}

/// The most that one node may cost, in uact per hour; none when that is not known, or is no cap.
fn per_hour(price: &Item<'_>, report: &mut Report) -> Option<u128> {
    let denom = price.key("denom").text().unwrap_or_default();
    let amount = price.key("amount").text().unwrap_or_default();
    let instead = "write `market.max_price`, in US dollars per hour for all nodes together";
    if denom != "uact" {
        let reason = format!("the price in `{}` was left out: prices are in US dollars here", shown(&denom));
        report.note(price, reason, instead);
        return None;
    }
    let Some(hour) = scaled(&amount, BLOCKS_PER_HOUR).filter(|hour| *hour > 0) else {
        report.note(price, format!("`{}` is no price, and was left out", shown(&amount)), instead);
        return None;
    };
    if hour > NO_CAP.saturating_mul(UACT_PER_USD) {
        let dollars = hour.div_ceil(UACT_PER_USD);
        let reason = format!(
            "{} uact per block are {dollars} US dollars per hour and node, which is no limit, and was left out",
            shown(&amount)
        );
        report.note(price, reason, instead);
        return None;
    }
    Some(hour)
}
