//! Taking a recording's steps again on a sandbox.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use akash_sandbox::{Config, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::begin::{self, Past, between};
use crate::compare::{compare_answer, compare_response, compare_simulation};
use crate::gaps;
use crate::made::Remade;
use crate::recording::{Step, number};
use crate::sign::{Keys, Manner};
use crate::tally::{Judged, Verdict};
use crate::wire::Rest;

/// Blocks come when a step needs one.
const NEVER: Duration = Duration::from_secs(1_000_000);

/// A sandbox under a recording.
pub(crate) struct Node {
    sandbox: Sandbox,
    pub(crate) rest: Rest,
    pub(crate) keys: Keys,
    pub(crate) remade: Remade,
    past: Past,
    in_the_middle: bool,
    /// What this replay has found out about the past.
    found: Past,
    /// How far the recorded sequences of a key are ahead of ours, for keys that have signed.
    ahead: BTreeMap<String, u64>,
    /// What comes next in a block.
    next: Option<Value>,
    _home: tempfile::TempDir,
}

/// Takes all steps; their verdicts in the same order.
pub(crate) async fn replay(steps: &[Step]) -> Result<Vec<Judged>, Box<dyn Error>> {
    let (verdicts, found) = Box::pin(pass(steps, Past::default())).await?;
    // What the recording does not show it may still tell: then once more, from a beginning that knows it.
    if found.is_empty() {
        return Ok(verdicts);
    }
    let (mut verdicts, _) = Box::pin(pass(steps, found.clone())).await?;
    gaps::excuse(steps, &mut verdicts, &found);
    Ok(verdicts)
}

async fn pass(steps: &[Step], past: Past) -> Result<(Vec<Judged>, Past), Box<dyn Error>> {
    let mut node = Node::start(steps, past).await?;
    let mut verdicts = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        node.next = steps.iter().skip(at + 1).find_map(Step::delivered).cloned();
        // What cannot be taken is no reason to leave the others out.
        let judged = node.take(step).await;
        verdicts.push(judged.unwrap_or_else(|problem| Verdict::Different(vec![problem.to_string()]).into()));
    }
    let found = std::mem::take(&mut node.found);
    node.sandbox.stop().await;
    Ok((verdicts, found))
}

impl Node {
    async fn start(steps: &[Step], past: Past) -> Result<Self, Box<dyn Error>> {
        let home = tempfile::tempdir()?;
        let keys = Keys::derive()?;
        let mut config = Config::new(home.path().join("sandbox"), home.path().join("cache"));
        config.genesis = begin::genesis(steps, &keys, &past)?;
        config.block_time = NEVER;
        config.providers = 0;
        let sandbox = akash_sandbox::start(config).await?;
        let rest = Rest::new(sandbox.info().rest)?;
        let in_the_middle = begin::in_the_middle(steps);
        let remade = Remade::default();
        Ok(Self {
            sandbox,
            rest,
            keys,
            remade,
            past,
            found: Past::default(),
            ahead: BTreeMap::new(),
            in_the_middle,
            next: None,
            _home: home,
        })
    }

    async fn take(&mut self, step: &Step) -> Result<Judged, Box<dyn Error>> {
        if let Some(why) = &step.odd {
            return Ok(Verdict::Different(vec![why.clone()]).into());
        }
        if step.get("cli_error").is_some() {
            let why = "the command line refused to sign it: nothing was sent to the node";
            return Ok(Verdict::Excluded(why.to_owned()).into());
        }
        if step.get("unsigned").is_some() {
            return self.transaction(step).await;
        }
        if let Some(bytes) = step.get("tx_b64").and_then(Value::as_str) {
            let bytes = STANDARD.decode(bytes)?;
            self.move_to(step)?;
            return self.send(step, &bytes, true).await;
        }
        if step.get("path").is_some() {
            return Ok(self.query(step).await?.into());
        }
        Ok(self.remake(step).await?.into())
    }

    /// Where the sandbox answers gRPC.
    pub(crate) const fn grpc_address(&self) -> SocketAddr {
        self.sandbox.grpc()
    }

    /// Where the sandbox answers CometBFT's RPC.
    pub(crate) const fn rpc_address(&self) -> SocketAddr {
        self.sandbox.info().rpc
    }

    /// The height of the newest block.
    pub(crate) fn tip(&self) -> u64 {
        self.sandbox.market().state().height.0
    }

    /// How many transactions wait for a block.
    pub(crate) fn waiting(&self) -> usize {
        self.sandbox.market().waiting()
    }

    /// The chain's time, seconds since 1970.
    pub(crate) fn seconds(&self) -> Result<i64, Box<dyn Error>> {
        Ok(i64::try_from(self.sandbox.market().state().time_ms / 1_000)?)
    }

    /// Makes blocks up to a height, in no time.
    pub(crate) fn advance_to(&self, height: u64) -> Result<(), Box<dyn Error>> {
        self.advance(height, self.sandbox.market().state().time_ms)
    }

    /// Makes one block.
    pub(crate) fn block(&self) -> Result<(), Box<dyn Error>> {
        let time = self.sandbox.market().state().time_ms + 200;
        self.sandbox.market().make_block_at(time)?;
        Ok(())
    }

    /// Makes empty blocks up to a height; the last one has the given time, the others lie evenly before it.
    fn advance(&self, height: u64, time_ms: u64) -> Result<(), Box<dyn Error>> {
        let market = self.sandbox.market();
        loop {
            let state = market.state();
            let Some(left) = height.checked_sub(state.height.0).filter(|left| *left > 0) else {
                return Ok(());
            };
            let step = time_ms.saturating_sub(state.time_ms) / left;
            market.make_block_at(state.time_ms + step.max(1))?;
        }
    }

    /// Brings the chain to where it was when the step was recorded: just before the block that took its transaction, or where the
    /// refusal says that it was.
    fn move_to(&self, step: &Step) -> Result<(), Box<dyn Error>> {
        if let Some(result) = step.delivered() {
            let time = time_of(result);
            let height = number(result, "height") - 1;
            let state = self.sandbox.market().state();
            let left = (height + 1).saturating_sub(state.height.0).max(1);
            let before = time.saturating_sub(time.saturating_sub(state.time_ms) / left);
            return self.advance(height, before);
        }
        if let Some(checked) = between(step.log(), "block height: ", ",") {
            let time = self.sandbox.market().state().time_ms + 200;
            return self.advance(checked, time);
        }
        if let Some(now) = go_time(step.log(), "block time: ") {
            let state = self.sandbox.market().state();
            if now * 1_000 > state.time_ms {
                return self.advance(state.height.0 + 1, now * 1_000);
            }
        }
        Ok(())
    }

    async fn transaction(&mut self, step: &Step) -> Result<Judged, Box<dyn Error>> {
        let signer = step.text("signer");
        self.move_to(step)?;
        let unsigned = step.get("unsigned").ok_or("a transaction")?;
        let mut manner = self.manner(step, signer).await?;
        self.fill_gap(step, &mut manner).await?;
        let bytes = self.keys.sign(&self.rest, unsigned, signer, &manner).await?;
        if manner.ordinary {
            self.note_sequence(step, signer, &bytes, &manner)?;
        }
        self.send(step, &bytes, manner.ordinary).await
    }

    /// The recorded hash tells with which sequence the transaction was signed. Another one than ours: transactions that the recording
    /// does not show came before.
    fn note_sequence(
        &mut self,
        step: &Step,
        signer: &str,
        bytes: &[u8],
        manner: &Manner,
    ) -> Result<(), Box<dyn Error>> {
        let hash =
            step.delivered().map_or("", |r| r.get("txhash").and_then(Value::as_str).unwrap_or_default());
        let address = self.keys.address(signer)?.to_owned();
        let first = !self.ahead.contains_key(&address);
        let ahead = *self.ahead.entry(address.clone()).or_insert(0);
        if hash.is_empty() || self.keys.hash(bytes) == hash {
            return Ok(());
        }
        let Some(sequence) = self.keys.sequence_of(hash, bytes, signer, manner)? else { return Ok(()) };
        let now_ahead = sequence.saturating_sub(manner.sequence);
        self.ahead.insert(address.clone(), now_ahead);
        if first {
            self.found.sent.insert(address, sequence);
        } else if now_ahead > ahead {
            self.found.missing.insert(step.line, (now_ahead - ahead, address));
        }
        Ok(())
    }

    /// Sends what a key had sent before this step and the recording lacks: transfers to itself. Takes the sequence on.
    async fn fill_gap(&self, step: &Step, manner: &mut Manner) -> Result<(), Box<dyn Error>> {
        let Some((count, address)) = self.past.missing.get(&step.line) else { return Ok(()) };
        for _ in 0..*count {
            let transfer = self.keys.transfer(address);
            let bytes = self.keys.sign(&self.rest, &transfer, step.text("signer"), manner).await?;
            self.rest.broadcast(&bytes, "BROADCAST_MODE_SYNC").await?;
            manner.sequence += 1;
        }
        Ok(())
    }

    /// How the step was signed. A recording shows the transaction unsigned; where it was signed wrong on purpose, the answer tells.
    async fn manner(&self, step: &Step, signer: &str) -> Result<Manner, Box<dyn Error>> {
        let Manner { account_number, mut sequence, mut chain_id, mut ordinary } =
            self.keys.ordinary_manner(&self.rest, signer).await?;
        let log = step.log();
        if let Some(got) =
            log.split_once("account sequence mismatch").and_then(|(_, l)| between(l, ", got ", ":"))
        {
            sequence = got;
            ordinary = false;
        }
        if log.contains("signature verification failed") {
            chain_id = "another";
            ordinary = false;
        }
        if step.body.pointer("/unsigned/body/unordered") == Some(&Value::Bool(true)) {
            let refused = log.contains("sequence is not allowed");
            sequence = u64::from(refused);
            ordinary = !refused;
        }
        Ok(Manner { account_number, sequence, chain_id, ordinary })
    }

    async fn send(&mut self, step: &Step, bytes: &[u8], same_bytes: bool) -> Result<Judged, Box<dyn Error>> {
        let mut ways = Vec::new();
        if let Some(simulated) = step.get("simulate") {
            let ours = self.rest.simulate(bytes).await?;
            ways.extend(compare_simulation(simulated, &ours));
        }
        let (status, answer) = self.rest.broadcast(bytes, "BROADCAST_MODE_SYNC").await?;
        let ours = answer.get("tx_response").cloned().unwrap_or_default();
        if let Some(refused) = step.refused() {
            let mut refused = refused.clone();
            // Where the recording does not tell how it was signed wrong, the bytes are not the same.
            if !same_bytes && let Some(fields) = refused.as_object_mut() {
                fields.remove("txhash");
            }
            ways.extend(compare_response("check", &refused, &ours));
        } else if number(&ours, "code") != 0 || status != 200 {
            ways.push(format!("check: recorded accepted, ours {status} {}", answer_text(&answer)));
        }
        let mut gas = None;
        if let Some(recorded) = step.delivered()
            && number(&ours, "code") == 0
        {
            self.advance(number(recorded, "height"), time_of(recorded))?;
            let hash = ours.get("txhash").and_then(Value::as_str).unwrap_or_default();
            let (_, told) = self.rest.tx(hash).await?;
            let told = told.get("tx_response").cloned().unwrap_or_default();
            ways.extend(compare_response("result", recorded, &told));
            gas = Some((number(recorded, "gas_used"), number(&told, "gas_used")));
        }
        Ok(Judged { verdict: ways.into(), gas })
    }

    /// Asks a question. The recording does not say at which block it was asked: any block before the next step's will do.
    async fn query(&mut self, step: &Step) -> Result<Verdict, Box<dyn Error>> {
        let recorded = step.get("body").cloned().unwrap_or_default();
        let mut first = None;
        loop {
            let answer = self.rest.get(step.text("path")).await?;
            let ways = compare_answer(number(&step.body, "http"), &recorded, &answer);
            if ways.is_empty() {
                return Ok(Verdict::Equal);
            }
            first.get_or_insert((ways, answer.1));
            if !self.one_block_later()? {
                break;
            }
        }
        let (ways, body) = first.unwrap_or_default();
        self.note_balances(step, &recorded, &body);
        Ok(Verdict::Different(ways))
    }

    /// Makes a block, if there is room for one before the next step; false when there is none.
    pub(crate) fn one_block_later(&self) -> Result<bool, Box<dyn Error>> {
        let state = self.sandbox.market().state();
        let Some(next) = &self.next else { return Ok(false) };
        let left = number(next, "height").saturating_sub(state.height.0);
        if left <= 1 {
            return Ok(false);
        }
        let step = time_of(next).saturating_sub(state.time_ms) / left;
        self.advance(state.height.0 + 1, state.time_ms + step.max(1))?;
        Ok(true)
    }

    /// Remembers by how much the first answer about a balance was off, when that can come from before the recording.
    fn note_balances(&mut self, step: &Step, recorded: &Value, ours: &Value) {
        let Some(address) = step.text("path").strip_prefix("/cosmos/bank/v1beta1/balances/") else { return };
        if !self.in_the_middle {
            return;
        }
        let amount = |body: &Value, denom: &str| {
            let coins = body.get("balances").and_then(Value::as_array)?;
            let coin = coins.iter().find(|c| c.get("denom").and_then(Value::as_str) == Some(denom))?;
            coin.get("amount")?.as_str()?.parse::<i128>().ok()
        };
        for denom in ["uact", "uakt"] {
            if let (Some(wanted), Some(had)) = (amount(recorded, denom), amount(ours, denom)) {
                self.found.balances.entry((address.to_owned(), denom.to_owned())).or_insert(wanted - had);
            }
        }
        self.found.balances.retain(|_, by| *by != 0);
    }
}

/// The time of the block of a result, milliseconds since 1970. A recording knows it to the second: the middle of that is nearest.
fn time_of(result: &Value) -> u64 {
    begin::seconds(result.get("timestamp").and_then(Value::as_str).unwrap_or_default()) * 1_000 + 500
}

/// Seconds since 1970 of a time that Go printed: `2026-11-24 18:40:08.177367413 +0000 UTC`.
fn go_time(text: &str, before: &str) -> Option<u64> {
    let (_, rest) = text.split_once(before)?;
    let (time, _) = rest.split_once(" +0000 UTC")?;
    Some(begin::seconds(&format!("{}Z", time.replacen(' ', "T", 1)))).filter(|at| *at > 0)
}

fn answer_text(answer: &Value) -> String {
    let log = answer.pointer("/tx_response/raw_log").or_else(|| answer.get("message"));
    log.map_or_else(|| answer.to_string(), ToString::to_string)
}
