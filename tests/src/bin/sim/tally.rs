//! What came of all seeds.

use std::collections::BTreeMap;

use nix::sys::resource::{UsageWho, getrusage};
use rayakash_testkit::sim::seed::Verdict;
use rayakash_testkit::sim::{KINDS, SWIZZLE};
use rayakash_tests::report::{complain, say};

/// So many seeds must have met every kind of fault.
const ENOUGH: usize = 100;

/// What came of all seeds.
pub(crate) struct Tally {
    hours: u64,
    count: usize,
    void: usize,
    failed: Vec<u64>,
    violations: usize,
    twice: usize,
    differing: Vec<u64>,
    faults: BTreeMap<&'static str, u64>,
    money: u64,
    cluster_ms: u64,
    cpu_ms: u64,
}

/// The processor time of this process, milliseconds.
pub(crate) fn cpu_ms() -> Result<u64, nix::Error> {
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    let ms = |time: nix::sys::time::TimeVal| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        seconds.saturating_mul(1_000).saturating_add(u64::try_from(time.tv_usec()).unwrap_or(0) / 1_000)
    };
    Ok(ms(used.user_time()).saturating_add(ms(used.system_time())))
}

impl Tally {
    pub(crate) fn new(hours: u64) -> Self {
        Self {
            hours,
            count: 0,
            void: 0,
            failed: Vec::new(),
            violations: 0,
            twice: 0,
            differing: Vec::new(),
            faults: BTreeMap::new(),
            money: 0,
            cluster_ms: 0,
            cpu_ms: 0,
        }
    }

    /// One more; `same`: whether a second run of it was the same, when there was one.
    pub(crate) fn add(&mut self, verdict: &Verdict, same: Option<bool>) {
        if !verdict.violations.is_empty() {
            self.failed.push(verdict.seed);
            self.violations += verdict.violations.len();
        }
        if let Some(same) = same {
            self.twice += 1;
            self.differing.extend((!same).then_some(verdict.seed));
        }
        if verdict.is_void() {
            self.void += 1;
            return;
        }
        self.count += 1;
        self.money += verdict.money;
        self.cluster_ms += verdict.cluster_ms;
        for (kind, count) in &verdict.tally {
            *self.faults.entry(kind).or_default() += count;
        }
    }

    pub(crate) fn failed(&self) -> &[u64] {
        &self.failed
    }

    pub(crate) const fn spent(&mut self, cpu_ms: u64) {
        self.cpu_ms = cpu_ms;
    }

    /// Prints it all; true when all is well.
    pub(crate) fn conclude(&self) -> bool {
        let all: u64 = self.faults.values().sum();
        for kind in KINDS.iter().chain([&SWIZZLE]) {
            say(&format!("{:>10}  {kind}", self.faults.get(kind).copied().unwrap_or(0)));
        }
        let never: Vec<&str> =
            KINDS.iter().chain([&SWIZZLE]).copied().filter(|kind| !self.faults.contains_key(kind)).collect();
        let cluster_hours = self.cluster_ms / 3_600_000;
        let per_day = self.cpu_ms.saturating_mul(24).checked_div(cluster_hours).unwrap_or(0);
        say(&format!(
            "seeds: {} of {} h, {} void; faults that had an effect: {all}; transactions that moved money: {}; cluster-hours: {cluster_hours}; \
             CPU: {} s, {per_day} ms per cluster-day; run twice: {}, differing: {}; violations: {} in {} seeds",
            self.count,
            self.hours,
            self.void,
            self.money,
            self.cpu_ms / 1_000,
            self.twice,
            self.differing.len(),
            self.violations,
            self.failed.len()
        ));
        if !self.differing.is_empty() {
            complain(&format!("not the same twice: seeds {:?}", self.differing));
        }
        if !self.failed.is_empty() {
            complain(&format!("failed: seeds {:?}", self.failed));
        }
        let missing = self.count >= ENOUGH && !never.is_empty();
        if missing {
            complain(&format!("never happened: {}", never.join(", ")));
        }
        self.failed.is_empty() && self.differing.is_empty() && !missing && self.count > 0
    }
}
