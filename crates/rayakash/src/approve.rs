//! Nothing that costs real money happens unasked.

use crate::args::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt;
use rayakash_api::error::Code;
use rayakash_api::v1::Plan;

/// Asks whether to spend what a plan can cost at worst. Real money only; `-y` says yes, and the daemon keeps to the budget.
pub(crate) fn spend(plan: &Plan, global: &Global, output: &Output) -> Result<bool, Failure> {
    if !plan.real_money || plan.changes.is_empty() || global.yes {
        return Ok(true);
    }
    let worst = worst_case(plan);
    if !prompt::possible() {
        let failure = Failure::new(Code::NotApproved, format!("`{}` costs real money: {worst}", plan.name));
        return Err(failure.hint("pass -y to agree; the budget of the file is never exceeded"));
    }
    for change in &plan.changes {
        output.say(&format!("  {}", change.detail));
    }
    if prompt::confirm(&format!("{} on {}: {worst}. Go on?", plan.name, plan.network))? {
        return Ok(true);
    }
    Err(Failure::new(Code::NotApproved, "nothing was done"))
}

/// Asks whether to do something about real money that costs nothing itself. `what` and what it is about are shown before.
pub(crate) fn agree(
    real_money: bool,
    (what, about): (&str, &str),
    global: &Global,
    output: &Output,
) -> Result<bool, Failure> {
    if !real_money || global.yes {
        return Ok(true);
    }
    if !prompt::possible() {
        let failure = Failure::new(Code::NotApproved, format!("this is about real money: {what}"));
        return Err(failure.hint("pass -y to agree"));
    }
    output.say(about);
    if prompt::confirm(&format!("{what}. Go on?"))? {
        return Ok(true);
    }
    Err(Failure::new(Code::NotApproved, "nothing was done"))
}

/// The worst case in words.
pub(crate) fn worst_case(plan: &Plan) -> String {
    let hour = plan
        .most_usd_per_hour
        .as_deref()
        .map_or("no limit per hour".to_owned(), |usd| format!("at most {usd} USD per hour"));
    let total = plan
        .most_usd_total
        .as_deref()
        .map_or("no limit in total".to_owned(), |usd| format!("at most {usd} USD in total"));
    format!("{hour}, {total}")
}
