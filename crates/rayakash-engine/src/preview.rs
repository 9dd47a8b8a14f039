//! What a step would do, without doing it.

use rayakash_core::view::View;
use rayakash_core::{Decision, Now, Policy, Secret, Wanted, blueprint, ceiling_beside, decide};

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
    let (wanted, _manifest) = draw(world, &wish, &seen.view).await?;
    books.wish = Some(wish);
    let policy = Policy { min_deposit: seen.min_deposit, ..settings.policy.clone() };
    let now = Now { unix_ms: world.clock().unix_ms() };
    let decision = decide(Some(&wanted), &seen.view, &policy, now);
    let decision = afford(world, &name, decision, &seen.view).await?;
    Ok(Preview { decision, wanted, seen })
}

/// A wish, drawn at the present block time; and its manifest, which holds keys.
pub(crate) async fn draw(
    world: &dyn World,
    wish: &Wish,
    seen: &View,
) -> Result<(Wanted, Secret), Unavailable> {
    let cluster = &wish.cluster;
    let keys = world.vault().keys(&cluster.name).await?;
    let secrets = world.vault().secrets(cluster).await?;
    let ceiling = ceiling_beside(cluster, seen);
    let drawn = blueprint::draw(cluster, &keys, &secrets, ceiling.amount).map_err(|error| Unavailable {
        what: format!("the blueprint of {}", cluster.name),
        why: error.to_string(),
    })?;
    let wanted = Wanted {
        cluster: cluster.clone(),
        groups: drawn.groups,
        version: drawn.version,
        ceiling,
        restart: wish.restart,
        written_ms: wish.written_ms,
    };
    Ok((wanted, drawn.manifest))
}
