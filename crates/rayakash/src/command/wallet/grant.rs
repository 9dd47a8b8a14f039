//! `wallet grant` and `wallet revoke`: a cold key pays for a hot one.

use crate::args::{Global, Grant, Revoke};
use crate::command::{Outcome, keys};
use crate::failure::Failure;
use crate::output::Output;
use crate::{approve, runtime, session};
use jiff::Timestamp;
use rayakash_api::error::{Code, Exit};
use rayakash_api::file::usd_to_uact;
use rayakash_api::v1::{Funding, GrantRequest, Micro, RevokeRequest, usd};

/// What is still possible with the key that is granted to, for who is asked.
const RISK: &str = "who steals the hot key can spend up to these limits until the end, on leases of a provider of his own; keep them at a week or two of what you plan";

pub(super) fn grant(args: &Grant, global: &Global, output: &Output) -> Outcome {
    // AKT has as many decimals as a dollar has here.
    let amount = |text: &str, option| {
        usd_to_uact(text).filter(|amount| *amount > 0).ok_or_else(|| {
            Failure::new(
                Code::BadRequest,
                format!("{option} takes an amount above nothing, such as 10 or 2.50"),
            )
        })
    };
    let (deposits, fees) = (amount(&args.usd, "--usd")?, amount(&args.fees_akt, "--fees-akt")?);
    let expires = runtime::now().saturating_add(i64::from(args.days).saturating_mul(86_400));
    let passphrase = keys::passphrase_of(&args.key)?;
    runtime::command(async {
        let session = session::connect_with_network(global, output).await?;
        let network = &session.version.network;
        let what = format!(
            "let {} pay deposits of {} USD and fees of {} AKT, for {} days",
            args.to, args.usd, args.fees_akt, args.days
        );
        let request = GrantRequest {
            key: args.key.key.clone(),
            passphrase,
            grantee: args.to.clone(),
            deposits_uact: Micro(deposits),
            fees_uakt: Micro(fees),
            expires,
            yes: approve::agree(network.real_money, (&what, RISK), global, output)?,
        };
        let funding = session.client.grant(&request).await?;
        output.result(&funding, || human(&funding))?;
        output.say(&format!(
            "the context of the hot key needs `funder = \"{}\"` in rayakash.toml",
            funding.funder
        ));
        Ok(Exit::Ok)
    })
}

pub(super) fn revoke(args: &Revoke, global: &Global, output: &Output) -> Outcome {
    let (key, passphrase) = (args.key.key.clone(), keys::passphrase_of(&args.key)?);
    let request = RevokeRequest { key, passphrase, grantee: args.to.clone() };
    runtime::command(async {
        let session = session::connect_with_network(global, output).await?;
        let funding = session.client.revoke(&request).await?;
        output.result(&funding, || human(&funding))?;
        Ok(Exit::Ok)
    })
}

/// What one account lets another use.
pub(super) fn human(funding: &Funding) -> String {
    let until =
        |end: Option<i64>| end.map_or("without an end".to_owned(), |end| format!("until {}", date(end)));
    let deposits = match funding.deposits_uact {
        Some(left) => {
            format!("{left} uact ({} USD) for deposits, {}", usd(left.0), until(funding.deposits_until))
        }
        None => "nothing for deposits".to_owned(),
    };
    let fees = match funding.fees_uakt {
        Some(left) => format!("{left} uakt for fees, {}", until(funding.fees_until)),
        None => "nothing for fees".to_owned(),
    };
    format!("{} lets {} use\n  {deposits}\n  {fees}", funding.funder, funding.grantee)
}

/// A day, as everybody's clock has it.
fn date(unix: i64) -> String {
    Timestamp::from_second(unix)
        .map_or_else(|_| unix.to_string(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_ends_are_told() {
        let funding = Funding {
            funder: "akash1a".into(),
            grantee: "akash1b".into(),
            deposits_uact: Some(Micro(5_000_000)),
            deposits_until: None,
            fees_uakt: None,
            fees_until: None,
        };
        assert_eq!(
            human(&funding),
            "akash1a lets akash1b use\n  5000000 uact (5.00 USD) for deposits, without an end\n  nothing for fees"
        );
    }
}
