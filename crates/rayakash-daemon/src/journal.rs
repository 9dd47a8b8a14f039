//! The journal of signed transactions, kept in the ledger.

use std::sync::Arc;

use akash_chain::{Attempt, End, Evidence, Journal, JournalError};
use akash_types::Address;
use akash_wallet::TxHash;
use async_trait::async_trait;
use rayakash_ledger::{AttemptRow, EndRow, Ledger};

/// `akash-chain`'s journal over the ledger.
pub(crate) struct LedgerJournal(pub(crate) Arc<Ledger>);

#[async_trait]
impl Journal for LedgerJournal {
    async fn open(&self, signer: &Address) -> Result<Vec<Attempt>, JournalError> {
        let rows = self.0.attempts_open(signer).await?;
        rows.into_iter().map(read).collect()
    }

    async fn of_intent(&self, intent: &str) -> Result<Vec<Attempt>, JournalError> {
        let rows = self.0.attempts_of(intent).await?;
        rows.into_iter().map(read).collect()
    }

    async fn attempted(&self, attempt: &Attempt) -> Result<(), JournalError> {
        self.0.attempt_add(&write(attempt)).await?;
        Ok(())
    }

    async fn answered(&self, hash: &TxHash, answer: &str) -> Result<(), JournalError> {
        self.0.attempt_answered(&hash.to_string(), answer).await?;
        Ok(())
    }

    async fn ended(&self, hash: &TxHash, end: &End) -> Result<(), JournalError> {
        self.0.attempt_ended(&hash.to_string(), &end_row(end)).await?;
        Ok(())
    }
}

fn write(attempt: &Attempt) -> AttemptRow {
    AttemptRow {
        intent: attempt.intent.clone(),
        signer: attempt.signer.clone(),
        account_number: attempt.account_number,
        sequence: attempt.sequence,
        planned: attempt.planned,
        timeout: attempt.timeout,
        hash_hex: attempt.hash.to_string(),
        bytes: attempt.bytes.clone(),
        fee: attempt.fee.clone(),
        end: attempt.end.as_ref().map(end_row),
        answer: None,
    }
}

fn read(row: AttemptRow) -> Result<Attempt, JournalError> {
    let hash: TxHash = row.hash_hex.parse()?;
    let end = row.end.map(|end| read_end(end, hash)).transpose()?;
    Ok(Attempt {
        intent: row.intent,
        signer: row.signer,
        account_number: row.account_number,
        sequence: row.sequence,
        planned: row.planned,
        timeout: row.timeout,
        hash,
        bytes: row.bytes,
        fee: row.fee,
        end,
    })
}

fn end_row(end: &End) -> EndRow {
    match end {
        End::Landed { height, fee, gas_used, .. } => {
            EndRow::Landed { height: *height, fee: fee.clone(), gas_used: *gas_used }
        }
        End::Failed { height, rejection, fee, .. } => {
            EndRow::Failed { height: *height, rejection: rejection.clone(), fee: fee.clone() }
        }
        End::Dead { evidence: Evidence::Expired { from, to, seen_at }, .. } => {
            EndRow::Expired { from: *from, to: *to, seen_at: *seen_at }
        }
        End::Dead { evidence: Evidence::SequenceUsed { from, to, seen_at, by }, .. } => {
            let by = by.as_ref().map(|(height, hash)| (*height, hash.to_string()));
            EndRow::SequenceUsed { from: *from, to: *to, seen_at: *seen_at, by }
        }
    }
}

fn read_end(row: EndRow, hash: TxHash) -> Result<End, JournalError> {
    Ok(match row {
        EndRow::Landed { height, fee, gas_used } => End::Landed { height, hash, fee, gas_used },
        EndRow::Failed { height, rejection, fee } => End::Failed { height, rejection, fee, hash: Some(hash) },
        EndRow::Expired { from, to, seen_at } => {
            End::Dead { hash, evidence: Evidence::Expired { from, to, seen_at } }
        }
        EndRow::SequenceUsed { from, to, seen_at, by } => {
            let by = by.map(|(height, hash)| Ok::<_, JournalError>((height, hash.parse()?))).transpose()?;
            End::Dead { hash, evidence: Evidence::SequenceUsed { from, to, seen_at, by } }
        }
    })
}
