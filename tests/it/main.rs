//! The program from outside, in homes of its own: what needs no Ray, and so takes seconds. `tests/blackbox.sh` does the rest.

mod files;
mod market;
mod services;

use rayakash_testkit::{Home, Program, Ran};

/// An empty home.
fn home() -> Home {
    Home::new(Program::beside().unwrap()).unwrap()
}

/// Runs a command that must end with this code.
#[track_caller]
fn must(ran: Result<Ran, rayakash_testkit::Error>, code: i32) -> Ran {
    match ran.and_then(|ran| ran.expect(code)) {
        Ok(ran) => ran,
        Err(error) => panic!("{error}"),
    }
}
