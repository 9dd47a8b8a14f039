//! What is wrong with this installation, and what to type about it. Looks only.

use akash_chain::{At, Client, Grant, Granted};
use akash_types::escrow::Scope;
use akash_types::{Address, UACT, UAKT};
use rayakash_api::v1::{Doctor, Finding, Level};
use rayakash_core::usd;

use crate::chain::funders;
use crate::clock::SystemClock;
use crate::service::Service;

/// A grant that ends sooner is warned of.
const SOON_S: i64 = 3 * 86_400;
/// A node whose newest block is older is behind.
const FRESH_MS: u64 = 60_000;
/// Endpoints that are further apart do not agree.
const APART: u64 = 5;

/// Looks at everything.
pub(crate) async fn examine(service: &Service) -> Doctor {
    let mut findings = vec![config(service)];
    let reached = endpoints(service, &mut findings).await;
    if reached {
        findings.push(node(service).await);
    }
    findings.push(key(service));
    if let (true, Some(owner)) = (reached, service.world().chain.owner()) {
        if let Err(error) = money(service, &owner, &mut findings).await {
            findings.push(problem("money", error, "rayakash doctor, again"));
        }
        if let Err(error) = grants(service, &owner, &mut findings).await {
            findings.push(problem("grants", error, "rayakash doctor, again"));
        }
        findings.push(spending(service).await);
        findings.extend(unknown(service).await);
    }
    findings.push(ledger(service).await);
    Doctor { findings }
}

fn of(level: Level, what: &str, detail: impl Into<String>, fix: Option<&str>) -> Finding {
    Finding { level, what: what.to_owned(), detail: detail.into(), fix: fix.map(str::to_owned) }
}

fn good(what: &str, detail: impl Into<String>) -> Finding {
    of(Level::Ok, what, detail, None)
}

fn warning(what: &str, detail: impl Into<String>, fix: &str) -> Finding {
    of(Level::Warning, what, detail, Some(fix))
}

fn problem(what: &str, detail: impl Into<String>, fix: &str) -> Finding {
    of(Level::Problem, what, detail, Some(fix))
}

fn config(service: &Service) -> Finding {
    let context = &service.context;
    let money = if context.network.real_money() { "real money" } else { "no real money" };
    good("config", format!("context `{}`, network {}, {money}", context.name, context.network.name()))
}

/// Each endpoint alone: its chain, its age, and whether they agree. True when one of them is of use.
async fn endpoints(service: &Service, findings: &mut Vec<Finding>) -> bool {
    let expected = service.context.network.chain_id();
    let mut heights = Vec::new();
    for endpoint in service.world().chain.endpoints() {
        let seen = match Client::connect(std::slice::from_ref(endpoint)) {
            Ok(client) => client.tip().await,
            Err(error) => Err(error),
        };
        let fix = "set `endpoints` of the context in rayakash.toml";
        findings.push(match seen {
            Err(error) => problem("endpoint", format!("{endpoint}: {}", error.gist()), fix),
            Ok(tip) if tip.chain_id != expected => {
                problem("endpoint", format!("{endpoint} is of chain {}, not {expected}", tip.chain_id), fix)
            }
            Ok(tip) => {
                let age_ms = SystemClock.now_ms().saturating_sub(tip.time_unix_ms);
                heights.push(tip.height.0);
                if age_ms > FRESH_MS {
                    let detail = format!("{endpoint}: its newest block is {} s old", age_ms / 1_000);
                    warning("endpoint", detail, fix)
                } else {
                    good("endpoint", format!("{endpoint} is at block {}", tip.height))
                }
            }
        });
    }
    let apart =
        heights.iter().max().zip(heights.iter().min()).map_or(0, |(most, least)| most.saturating_sub(*least));
    if apart > APART {
        findings.push(warning(
            "endpoint",
            format!("the endpoints are {apart} blocks apart"),
            "leave out the one that is behind",
        ));
    }
    !heights.is_empty()
}

async fn node(service: &Service) -> Finding {
    let chain = &service.world().chain;
    match chain.verdict().await {
        Err(error) => problem("node", chain.unavailable(&error).to_string(), "rayakash doctor, again"),
        Ok(verdict) => match verdict.compatibility.closes_only() {
            None => good("node", format!("version {} is known", verdict.about.node_version)),
            Some(why) => problem("node", format!("{why}: only closes are signed"), "a newer rayakash"),
        },
    }
}

fn key(service: &Service) -> Finding {
    let chain = &service.world().chain;
    let name = service.context.key.as_deref().unwrap_or("sandbox");
    match (chain.key(), chain.owner()) {
        (Some(key), _) => good("key", format!("`{name}` is unlocked: {}", key.address())),
        (None, Some(owner)) => problem(
            "key",
            format!("`{name}` ({owner}) is locked: nothing is signed, also no close"),
            &format!("rayakash keys unlock {name}"),
        ),
        (None, None) => {
            problem("key", format!("there is no key `{name}`"), &format!("rayakash keys new {name}"))
        }
    }
}

/// Balances, and what closing everything takes.
async fn money(service: &Service, owner: &Address, findings: &mut Vec<Finding>) -> Result<(), String> {
    let chain = &service.world().chain;
    let failed = |error: akash_chain::ChainError| error.gist();
    let (uact, uakt, whose) = match chain.funder() {
        Some(funder) => {
            let funding = chain.funding(owner, funder, At::Latest).await.map_err(failed)?;
            (funding.uact, funding.uakt, format!("{funder} lets this key use"))
        }
        None => {
            let uact = chain.client().balance(owner, &UACT, At::Latest).await.map_err(failed)?;
            let uakt = chain.client().balance(owner, &UAKT, At::Latest).await.map_err(failed)?;
            (uact, uakt, "the key has".to_owned())
        }
    };
    let fill =
        if chain.funder().is_some() { "rayakash wallet grant" } else { "send some to the key's address" };
    let reserve = service.clusters.settings.policy.fee_reserve;
    findings.push(if uact == 0 {
        problem("money", format!("{whose} no ACT: nothing can be opened or topped up"), fill)
    } else {
        good("money", format!("{whose} {uact} uact ({} USD)", usd(uact)))
    });
    findings.push(if uakt < reserve {
        let detail = format!("{whose} {uakt} uakt, and {reserve} uakt are kept for closing what is open");
        problem("money", detail, fill)
    } else {
        good("money", format!("{whose} {uakt} uakt for fees"))
    });
    Ok(())
}

async fn grants(service: &Service, owner: &Address, findings: &mut Vec<Finding>) -> Result<(), String> {
    let chain = &service.world().chain;
    let failed = |error: akash_chain::ChainError| error.gist();
    let granted = chain.client().granted_to(owner, At::Latest).await.map_err(failed)?;
    let allowances = chain.client().allowances_of(owner, At::Latest).await.map_err(failed)?;
    let now_s = i64::try_from(SystemClock.now_ms() / 1_000).unwrap_or(0);
    findings.extend(granted.iter().flat_map(|one| of_grant(one, now_s)));
    for one in &allowances {
        let whose = format!("the allowance for fees of {}", one.granter);
        match &one.allowance {
            None => {
                findings.push(warning("grants", format!("{whose} is of a kind that is not known"), AGAIN));
            }
            Some(known) => {
                if known.limits.is_empty() {
                    findings.push(warning("grants", format!("{whose} has no limit"), AGAIN));
                }
                findings.extend(of_end(&whose, known.expires.map(akash_types::Time::seconds), now_s));
            }
        }
    }
    let all = funders(&granted);
    if all.len() > 1 {
        let detail = "more than one account pays deposits for this key, and the chain mixes their money";
        findings.push(problem("grants", detail, "rayakash wallet revoke, with the key of one of them"));
    }
    if let Some(funder) = chain.funder() {
        if !all.contains(funder) {
            let detail = format!("{funder} is the funder by the configuration, and has granted no deposits");
            findings.push(problem("grants", detail, "rayakash wallet grant"));
        }
        if allowances.iter().all(|one| one.granter != *funder) {
            let detail = format!("{funder} is the funder by the configuration, and pays no fees");
            findings.push(problem("grants", detail, "rayakash wallet grant"));
        }
    }
    if granted.is_empty() && allowances.is_empty() && chain.funder().is_none() {
        findings.push(good("grants", "none: the key pays with what it has"));
    }
    Ok(())
}

/// A grant again, with limit and end, replaces the one before.
const AGAIN: &str = "rayakash wallet grant, which gives it a limit and an end";

fn of_grant(one: &Granted, now_s: i64) -> Vec<Finding> {
    let whose = format!("the grant of {}", one.granter);
    let mut findings = match &one.grant {
        Grant::Other(kind) => {
            vec![warning(
                "grants",
                format!("{whose} is {kind}, which has no limit"),
                "take it back with the tool that gave it",
            )]
        }
        Grant::Deposits(deposits) => {
            let mut findings = Vec::new();
            if deposits.limits.is_empty() {
                findings.push(warning("grants", format!("{whose} for deposits has no limit"), AGAIN));
            }
            if deposits.scopes.iter().any(|scope| *scope != Scope::Deployment) {
                findings.push(warning("grants", format!("{whose} pays for more than deployments"), AGAIN));
            }
            findings
        }
    };
    let clean = findings.is_empty();
    findings.extend(of_end(&whose, one.expires.map(akash_types::Time::seconds), now_s));
    if clean && findings.is_empty() {
        findings.push(good("grants", format!("{whose} has a limit and an end")));
    }
    findings
}

fn of_end(whose: &str, end_s: Option<i64>, now_s: i64) -> Option<Finding> {
    match end_s.map(|end| end.saturating_sub(now_s)) {
        None => Some(warning("grants", format!("{whose} has no end"), AGAIN)),
        Some(left) if left <= 0 => {
            Some(problem("grants", format!("{whose} has expired"), "rayakash wallet grant"))
        }
        Some(left) if left < SOON_S => Some(warning(
            "grants",
            format!("{whose} ends in {} hours", left / 3_600),
            "rayakash wallet grant",
        )),
        Some(_) => None,
    }
}

/// Stop flags.
async fn spending(service: &Service) -> Finding {
    match service.world().chain.look_at(&[]).await {
        Err(error) => problem("spending", error.to_string(), "rayakash doctor, again"),
        Ok(seen) => match seen.frozen {
            Some(frozen) => {
                problem("spending", format!("{}: {}", frozen.words(), frozen.seen()), frozen.remedy())
            }
            None => good("spending", "nothing holds it up"),
        },
    }
}

/// What is paid for and in no books.
async fn unknown(service: &Service) -> Option<Finding> {
    let survey = crate::survey::Survey::of(&service.world().chain, service.ledger()).await.ok()??;
    let unwanted = survey.seen.iter().filter(|seen| seen.held.is_none() && seen.mark.is_some()).count();
    let detail = format!("{unwanted} deployments with this program's mark are open and in no books");
    (unwanted > 0).then(|| problem("ledger", detail, "rayakash adopt, or rayakash gc"))
}

async fn ledger(service: &Service) -> Finding {
    match service.ledger().soundness().await {
        Ok(None) => good("ledger", format!("{} is sound", service.state_dir)),
        Ok(Some(damage)) => problem("ledger", damage, "put back a backup, then rayakash adopt"),
        Err(error) => problem("ledger", error.to_string(), "put back a backup, then rayakash adopt"),
    }
}

#[cfg(test)]
mod tests {
    use akash_types::msg::DepositAuthorization;
    use akash_types::{Coin, Time};

    use super::*;

    #[test]
    fn a_grant_that_a_thief_would_like_is_warned_of() {
        let granter = Address::from_bytes(&[1; 20]).unwrap();
        let deposits = |scopes, limits| Grant::Deposits(DepositAuthorization::new(scopes, limits));
        let limited = || deposits(vec![Scope::Deployment], vec![Coin::uact(5)]);
        let in_days = |days: u64| Some(Time::from_millis((1_000 + days * 86_400) * 1_000));
        for (grant, expires, level, says) in [
            (limited(), in_days(30), Level::Ok, "has a limit and an end"),
            (limited(), None, Level::Warning, "has no end"),
            (limited(), in_days(1), Level::Warning, "ends in 24 hours"),
            (limited(), Some(Time::from_millis(900_000)), Level::Problem, "has expired"),
            (deposits(vec![Scope::Deployment], vec![]), in_days(30), Level::Warning, "has no limit"),
            (
                deposits(vec![Scope::Bid], vec![Coin::uact(5)]),
                in_days(30),
                Level::Warning,
                "more than deployments",
            ),
            (
                Grant::Other("/generic".to_owned()),
                in_days(30),
                Level::Warning,
                "/generic, which has no limit",
            ),
        ] {
            let found = of_grant(&Granted { granter: granter.clone(), grant, expires }, 1_000);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].level == level && found[0].detail.contains(says), "{found:?}");
            assert_eq!(found[0].fix.is_some(), level != Level::Ok);
        }
    }
}
