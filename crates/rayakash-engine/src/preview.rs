//! What a step would do, without doing it.

use rayakash_core::view::{Placement, Version, View};
use rayakash_core::{Decision, Drawn, Mark, Now, Policy, Secret, Wanted, blueprint, ceiling_beside, decide};

use crate::afford::afford;
use crate::facts::Wish;
use crate::look::{Placing, look};
use crate::ports::{Unavailable, World};
use crate::step::Settings;

/// What a step would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The decision.
    pub decision: Decision,
    /// What the wish becomes.
    pub wanted: Wanted,
    /// What was seen.
    pub seen: Placing,
}

/// Looks and decides for a wish that is not written down. Nothing is changed.
pub async fn preview(world: &dyn World, wish: Wish, settings: &Settings) -> Result<Preview, Unavailable> {
    let name = wish.cluster.name.clone();
    let mut books = world.ledger().books(&name).await?;
    let seen = look(world, &name, &books).await?;
    let (wanted, _manifests) = draw(world, &wish, &seen.view).await?;
    books.wish = Some(wish);
    let policy = Policy { min_deposit: seen.min_deposit, ..settings.policy.clone() };
    let now = Now { unix_ms: world.clock().unix_ms() };
    let decision = decide(Some(&wanted), &seen.view, &policy, now);
    let decision = afford(world, &name, decision, &seen.view).await?;
    Ok(Preview { decision, wanted, seen })
}

/// Manifests that a wish may become, each under its version. They hold keys.
pub(crate) type Manifests = Vec<(Version, Secret)>;

/// A wish, drawn at the present block time for the deployment that is there and for the next one.
pub(crate) async fn draw(
    world: &dyn World,
    wish: &Wish,
    seen: &View,
) -> Result<(Wanted, Manifests), Unavailable> {
    let cluster = &wish.cluster;
    let keys = world.vault().keys(&cluster.name).await?;
    let secrets = world.vault().secrets(cluster).await?;
    let ceiling = ceiling_beside(cluster, seen);
    let under = |group: &str| {
        let drawn = blueprint::draw(cluster, &keys, &secrets, ceiling.amount, group);
        drawn.map_err(|error| Unavailable {
            what: format!("the blueprint of {}", cluster.name),
            why: error.to_string(),
        })
    };
    let generation = seen.history.last_generation.saturating_add(1);
    let next = under(&Mark { generation, operation: keys.operation }.to_string())?;
    let here = group_of_current(seen).map(under).transpose()?;
    let mut manifests = vec![(next.version, next.manifest)];
    let next = Drawn { groups: next.groups, version: next.version };
    let here = match here {
        Some(here) => {
            manifests.push((here.version, here.manifest));
            Drawn { groups: here.groups, version: here.version }
        }
        None => next.clone(),
    };
    let (restart, written_ms) = (wish.restart, wish.written_ms);
    Ok((Wanted { cluster: cluster.clone(), here, next, ceiling, restart, written_ms }, manifests))
}

/// What the group of the newest deployment is called on chain. An update in place keeps it: a provider takes no other.
fn group_of_current(seen: &View) -> Option<&str> {
    let Placement::Leased(leased) = &seen.current()?.at else { return None };
    leased.groups.first().map(|group| group.name.as_str())
}
