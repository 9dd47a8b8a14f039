//! `doctor`.

use super::Outcome;
use crate::args::Global;
use crate::output::Output;
use crate::{daemon, runtime, session};
use rayakash_api::error::Exit;
use rayakash_api::v1::{Doctor, Finding, Level};

pub(super) fn run(global: &Global, output: &Output) -> Outcome {
    runtime::command(async {
        let doctor = match session::connect_with_network(global, output).await {
            Ok(session) => session.client.doctor().await?,
            // Without a daemon there is at least what keeps it from running.
            Err(failure) => Doctor { findings: vec![unreachable(&failure, global)] },
        };
        output.result(&doctor, || human(&doctor))?;
        Ok(exit(&doctor))
    })
}

fn unreachable(failure: &crate::failure::Failure, global: &Global) -> Finding {
    let problem = &failure.problem;
    let what = if daemon::config(global).is_err() { "config" } else { "daemon" };
    Finding {
        level: Level::Problem,
        what: what.to_owned(),
        detail: problem.detail.clone(),
        fix: Some(problem.hint.clone().unwrap_or_else(|| "rayakash daemon run".to_owned())),
    }
}

/// Warnings need nobody now; problems do.
fn exit(doctor: &Doctor) -> Exit {
    if doctor.findings.iter().any(|one| one.level == Level::Problem) { Exit::Other } else { Exit::Ok }
}

fn human(doctor: &Doctor) -> String {
    let width = doctor.findings.iter().map(|one| one.what.len()).max().unwrap_or(0);
    let line = |one: &Finding| {
        let fix =
            one.fix.as_ref().map(|fix| format!("\n{:8} {:width$}  -> {fix}", "", "")).unwrap_or_default();
        format!("{:8} {:width$}  {}{fix}", one.level.as_str(), one.what, one.detail)
    };
    doctor.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(level: Level, fix: Option<&str>) -> Finding {
        let (what, detail) = ("key".to_owned(), "it is so".to_owned());
        Finding { level, what, detail, fix: fix.map(str::to_owned) }
    }

    #[test]
    fn only_a_problem_needs_somebody_and_each_says_what_to_type() {
        let mut doctor =
            Doctor { findings: vec![finding(Level::Ok, None), finding(Level::Warning, Some("a"))] };
        assert_eq!(exit(&doctor), Exit::Ok);
        assert_eq!(human(&doctor), "ok       key  it is so\nwarning  key  it is so\n              -> a");
        doctor.findings.push(finding(Level::Problem, Some("b")));
        assert_eq!(exit(&doctor), Exit::Other);
    }
}
