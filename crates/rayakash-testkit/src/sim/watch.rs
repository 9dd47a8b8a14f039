//! The chain makes blocks, and at each of them the promises are looked at, in the chain's own books.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use akash_sandbox::market::{Block, Delivered, State};
use akash_types::escrow::AccountId;
use akash_types::{Coin, Dec, Denom, DeploymentState, LeaseState, Msg, UACT, UAKT};

use super::fault::Fault;
use super::stage::{BLOCK_MS, Stage};
use super::trade::Traders;
use crate::Error;

/// Marks the daemon's transactions, with the intent behind it.
const MEMO_MARK: &str = "rk1:";

/// Blocks that are there before anybody looks.
const FIRST_BLOCKS: u64 = 6;

/// What the chain has seen of the tenant's transactions.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Where each intent landed.
    landed: BTreeMap<String, u64>,
    /// Transactions that moved money.
    pub(crate) money: u64,
    /// Blocks.
    pub(crate) blocks: u64,
}

/// Makes the first blocks.
pub(crate) fn begin(stage: &Stage) -> Result<(), Error> {
    for number in 0..FIRST_BLOCKS {
        let at_ms = stage.clock.true_ms().saturating_sub((FIRST_BLOCKS - number).saturating_mul(BLOCK_MS));
        stage.node.make_block_at(at_ms)?;
    }
    Ok(())
}

/// Makes blocks for ever.
pub(crate) async fn run(stage: Arc<Stage>, watch: Arc<std::sync::Mutex<Watch>>) {
    let mut traders = Traders::default();
    loop {
        tokio::time::sleep(Duration::from_millis(stage.block_ms())).await;
        if stage.faults.find(|fault| matches!(fault, Fault::Halt).then_some(())).is_some() {
            stage.faults.hit("chain halt");
            continue;
        }
        match stage.node.make_block_at(stage.clock.true_ms()) {
            Ok(block) => {
                stage.trace.count(stage.clock.elapsed_ms(), &block.app_hash);
                traders.trade(&stage);
                watch.lock().unwrap_or_else(std::sync::PoisonError::into_inner).look(&stage, &block);
            }
            Err(error) => stage.violated(format!("no block could be made: {error}")),
        }
    }
}

impl Watch {
    fn look(&mut self, stage: &Stage, block: &Block) {
        self.blocks = self.blocks.saturating_add(1);
        let me = stage.tenant.address();
        let mut ours = false;
        for delivered in &block.txs {
            if delivered.tx.messages.iter().any(|message| message.signer() == me) {
                ours = true;
                self.transaction(stage, block, delivered);
            } else if let Some(rejection) = &delivered.outcome.rejection {
                let what: Vec<String> = delivered.tx.messages.iter().map(name_of).collect();
                stage.say(&format!("block {}: refused {}: {rejection}", block.height, what.join(" ")));
            }
        }
        if ours {
            prices(stage, &stage.node.state());
        }
    }

    /// G1 and G2: what an intent stands for happens once.
    fn transaction(&mut self, stage: &Stage, block: &Block, delivered: &Delivered) {
        let names: Vec<String> = delivered.tx.messages.iter().map(name_of).collect();
        let end = delivered.outcome.rejection.as_ref().map_or_else(|| "done".to_owned(), ToString::to_string);
        let (hash, memo) = (delivered.tx.hash, &delivered.tx.memo);
        stage.say(&format!("block {}: {} {memo} {hash}: {end}", block.height, names.join(" ")));
        if !memo.starts_with(MEMO_MARK) {
            foreign(stage, delivered);
        }
        if delivered.outcome.rejection.is_some() {
            return;
        }
        let moves = |message: &Msg| {
            matches!(message, Msg::CreateDeployment(_) | Msg::AccountDeposit(_) | Msg::CloseDeployment(_))
        };
        if delivered.tx.messages.iter().any(moves) {
            self.money = self.money.saturating_add(1);
        }
        let Some(intent) = memo.strip_prefix(MEMO_MARK) else { return };
        if let Some(before) = self.landed.insert(intent.to_owned(), block.height.0) {
            stage.violated(format!(
                "G2: intent {intent} happened in block {before} and in block {}",
                block.height
            ));
        }
    }
}

/// What somebody else spent with the key is declared.
fn foreign(stage: &Stage, delivered: &Delivered) {
    let of = |denom: &Denom, coins: &[Coin]| {
        coins.iter().filter(|coin| &coin.denom == denom).map(|coin| coin.amount).fold(0, u128::saturating_add)
    };
    let mut gone = stage.foreign.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    gone.1 = gone.1.saturating_add(of(&UAKT, &delivered.outcome.fee));
    for message in &delivered.tx.messages {
        if let Msg::Send(sent) = message
            && delivered.outcome.rejection.is_none()
        {
            gone.1 = gone.1.saturating_add(of(&UAKT, &sent.amount));
        }
    }
}

fn name_of(message: &Msg) -> String {
    message.type_url().rsplit('.').next().unwrap_or_default().to_owned()
}

/// G4: no lease costs more than the order that it came from allows. G5: no escrow holds more than what was put into it.
fn prices(stage: &Stage, state: &State) {
    let me = stage.tenant.address();
    let mine = state.leases.iter().filter(|(id, lease)| {
        &id.deployment().owner == me && matches!(lease.state, LeaseState::Active | LeaseState::Reclaiming)
    });
    for (id, lease) in mine {
        let ceiling = state.orders.get(&id.order).and_then(|order| order.spec.ceiling());
        if ceiling.is_none_or(|ceiling| lease.price.amount > ceiling.amount) {
            stage.violated(format!("G4: lease {id} costs {:?}", lease.price));
        }
    }
    for (id, deployment) in state.deployments.iter().filter(|(id, _)| &id.owner == me) {
        let account = state.escrow_account(&AccountId::of_deployment(id));
        let held = account.map_or(Dec::ZERO, |account| account.funds_in(&UACT));
        if deployment.state == DeploymentState::Closed && held > Dec::ZERO {
            stage.violated(format!("deployment {id} is closed and holds {}", held.to_wire()));
        }
    }
}
