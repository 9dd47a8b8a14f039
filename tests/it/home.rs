//! An empty home, and commands run in it.

use rayakash_testkit::{Home, Program, Ran};

/// An empty home.
pub(crate) fn home() -> Home {
    Home::new(Program::beside().unwrap()).unwrap()
}

/// Runs a command that must end with this code.
#[track_caller]
pub(crate) fn must(ran: Result<Ran, rayakash_testkit::Error>, code: i32) -> Ran {
    match ran.and_then(|ran| ran.expect(code)) {
        Ok(ran) => ran,
        Err(error) => panic!("{error}"),
    }
}
