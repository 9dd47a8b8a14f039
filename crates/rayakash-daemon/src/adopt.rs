//! Enters what is on chain and not in the ledger, or otherwise there.

use std::collections::BTreeMap;
use std::io;

use rayakash_core::spec::{BadName, Cluster, Name};
use rayakash_core::view::{Frozen, Tip, Version};
use rayakash_core::{Mark, Secret, blueprint, ceiling_per_block};
use rayakash_engine::ports::{Unavailable, Vault as _};
use rayakash_ledger::{Entered, LedgerError};

use crate::survey::{Seen, Survey};
use crate::world::RealWorld;

/// What the user says about it.
#[derive(Default)]
pub(crate) struct Wanted {
    /// Deployments to adopt although they do not bear our mark.
    pub(crate) dseqs: Vec<u64>,
    /// What clusters are to be called, by the number of a deployment of theirs.
    pub(crate) names: BTreeMap<u64, Name>,
    /// Files that clusters may have been made of.
    pub(crate) files: Vec<Cluster>,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdoptError {
    #[error("the key is locked")]
    Locked,
    #[error("`{name}` has deployment {other} already, so {dseq} cannot be called that")]
    Taken { name: Name, other: u64, dseq: u64 },
    #[error(transparent)]
    Name(#[from] BadName),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the keys of clusters cannot be kept")]
    Io(#[from] io::Error),
}

/// Adopts, and says for each deployment what was done about it. Safe to repeat: what is entered stays as it is.
pub(crate) async fn adopt(
    world: &RealWorld,
    survey: &mut Survey,
    wanted: &Wanted,
) -> Result<Vec<Option<&'static str>>, AdoptError> {
    if world.chain.key().is_none() {
        return Err(AdoptError::Locked);
    }
    // A wish that was written while nothing was spent is for what runs, when that has its name: it is not made a second time.
    let rows = world.ledger.clusters().await?.into_iter().filter(|row| row.wanted);
    let wishes: Vec<Name> = rows.filter_map(|row| row.name.parse().ok()).collect();
    let mut done = Vec::new();
    for place in 0..survey.seen.len() {
        let Some(seen) = survey.seen.get(place) else { continue };
        let named = wanted.names.contains_key(&seen.dseq()) || wanted.dseqs.contains(&seen.dseq());
        if seen.held.is_none() && seen.mark.is_none() && !named {
            done.push(None);
            continue;
        }
        let name = name(world, survey, seen, (wanted, &wishes))?;
        equip(world, &name, (seen, &wanted.files), &survey.tip).await?;
        let entered = world.ledger.adopt(&name, &seen.found(&survey.tip), &survey.tip, true).await?;
        done.push(match entered {
            Entered::New => Some("adopted"),
            Entered::Corrected(_) => Some("corrected"),
            Entered::Known => None,
        });
        refresh(world, survey).await?;
    }
    Ok(done)
}

/// An older copy of the ledger still wants what was taken down since: its deployment is closed on chain, and making another would repeat
/// what the user has ended. Such wishes are withdrawn; gives their clusters.
pub(crate) async fn withdraw(world: &RealWorld, survey: &Survey) -> Result<Vec<Name>, LedgerError> {
    if !matches!(world.ledger.frozen().await?, Some(Frozen::Restored { .. })) {
        return Ok(Vec::new());
    }
    let open = |cluster: &str| {
        survey.seen.iter().any(|seen| seen.held.as_ref().is_some_and(|held| held.cluster == cluster))
    };
    let ended = world.ledger.never_closed().await?.into_iter().filter(|cluster| !open(cluster));
    let names: Vec<Name> = ended.filter_map(|cluster| cluster.parse().ok()).collect();
    for name in &names {
        world.ledger.drop_wish(name, survey.tip.time_ms).await?;
    }
    Ok(names)
}

/// The survey tells what the ledger has now.
pub(crate) async fn refresh(world: &RealWorld, survey: &mut Survey) -> Result<(), LedgerError> {
    let held = world.ledger.held().await?;
    for seen in &mut survey.seen {
        seen.held = held.iter().find(|held| held.id == seen.record.deployment.id).cloned();
    }
    Ok(())
}

/// When everything that bears our mark is in the ledger as it was seen, an older copy of it is as good as the lost one. A second signer
/// is another matter: only the user knows whether that is over.
pub(crate) async fn reconciled(world: &RealWorld, survey: &Survey) -> Result<(), LedgerError> {
    let known = survey.seen.iter().all(|seen| seen.held.is_some() || seen.mark.is_none());
    if known && matches!(world.ledger.frozen().await?, Some(Frozen::Restored { .. })) {
        let (sequence, height) = (survey.sequence, survey.tip.height);
        world.ledger.claim(&survey.owner, sequence, height, "reconciled with the chain").await?;
    }
    Ok(())
}

/// What the cluster of a deployment is called. All deployments of one life of a cluster are one cluster: the user's word goes before the
/// ledger's and the keys', then come the names that files and wishes have.
fn name(
    world: &RealWorld,
    survey: &Survey,
    seen: &Seen,
    (wanted, wishes): (&Wanted, &[Name]),
) -> Result<Name, AdoptError> {
    if let Some(name) = seen.held.as_ref().and_then(|held| held.cluster.parse().ok()) {
        return Ok(name);
    }
    let kin: Vec<&Seen> = survey.seen.iter().filter(|other| seen.is_kin(other)).collect();
    let given = kin.iter().find_map(|other| wanted.names.get(&other.dseq()).cloned());
    let on_record = || kin.iter().find_map(|other| other.held.as_ref()?.cluster.parse().ok());
    let by_keys = || seen.mark.and_then(|mark| world.vault.named(mark.operation));
    let remembered = || {
        let operation = seen.mark?.operation;
        let files = wanted.files.iter().map(|file| &file.name);
        files.chain(wishes).find(|name| world.vault.is_life_of(operation, name)).cloned()
    };
    let name = match given.or_else(on_record).or_else(by_keys).or_else(remembered) {
        Some(name) => name,
        None => format!("adopted-{}", kin.first().map_or(0, |first| first.dseq())).parse()?,
    };
    match taken(survey, seen, &name) {
        Some(other) => Err(AdoptError::Taken { name, other, dseq: seen.dseq() }),
        None => Ok(name),
    }
}

/// The deployment of another life that has this name already.
fn taken(survey: &Survey, seen: &Seen, name: &Name) -> Option<u64> {
    let mut others = survey.seen.iter().filter(|other| !seen.is_kin(other));
    let holds = |other: &&Seen| other.held.as_ref().is_some_and(|held| held.cluster == name.as_str());
    others.find(holds).map(Seen::dseq)
}

/// Keys and manifest of a cluster, as far as they can be had again.
async fn equip(
    world: &RealWorld,
    name: &Name,
    (seen, files): (&Seen, &[Cluster]),
    tip: &Tip,
) -> Result<(), AdoptError> {
    let Some(mark) = seen.mark else { return Ok(()) };
    world.vault.take_up(name, mark.operation)?;
    for file in files {
        if let Some((version, manifest)) = drawn(world, seen, file, tip)? {
            world.vault.keep(name, version, &manifest).await?;
        }
    }
    Ok(())
}

/// The manifest that a file makes for a deployment, when it is the one that the chain names.
fn drawn(
    world: &RealWorld,
    seen: &Seen,
    file: &Cluster,
    tip: &Tip,
) -> Result<Option<(Version, Secret)>, AdoptError> {
    let Some(Mark { operation, .. }) = seen.mark else { return Ok(None) };
    let Some(keys) = world.vault.keys_again(operation)? else { return Ok(None) };
    let group = seen.record.groups.first().map_or("", |group| group.spec.name.as_str());
    let ceiling = ceiling_per_block(file, tip);
    let drawn = blueprint::draw(file, &keys, &BTreeMap::new(), ceiling.amount, group).ok();
    let fits = drawn.filter(|drawn| drawn.version == seen.record.deployment.hash);
    Ok(fits.map(|drawn| (drawn.version, drawn.manifest)))
}
