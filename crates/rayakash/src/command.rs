//! The commands, one module each: they call a verb and render the answer.

mod adopt;
mod budget;
mod completion;
mod cost;
mod daemon;
mod doctor;
mod down;
mod events;
mod forward;
mod gc;
mod import;
mod keys;
mod logs;
mod plan;
mod sandbox;
mod sdl;
mod status;
mod submit;
mod token;
mod up;
mod version;
mod wallet;

use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::output::Output;
use rayakash_api::error::Exit;

/// What a command comes to.
type Outcome = Result<Exit, Failure>;

/// Runs the command that was typed.
pub(crate) fn run(args: Args, output: &Output) -> Outcome {
    let global = &args.global;
    match args.command {
        Command::Up(args) => up::run(&args, global, output),
        Command::Down(args) => down::run(&args, global, output),
        Command::Status(args) => status::run(&args, global, output),
        Command::Plan(args) => plan::run(&args, global, output),
        Command::Logs(args) => logs::run(&args, global, output),
        Command::Events(args) => events::run(&args, global, output),
        Command::Submit(args) => submit::run(&args, global, output),
        Command::Forward(args) => forward::run(&args, global, output),
        Command::Dashboard(args) => forward::dashboard(&args, global, output),
        Command::Token(args) => token::run(&args, global, output),
        Command::Adopt(args) => adopt::run(&args, global, output),
        Command::Gc(args) => gc::run(&args, global, output),
        Command::Doctor => doctor::run(global, output),
        Command::Keys(args) => keys::run(&args, global, output),
        Command::Wallet(args) => wallet::run(&args, global, output),
        Command::Budget(args) => budget::run(&args, global, output),
        Command::Cost(args) => cost::run(&args, global, output),
        Command::Daemon(args) => daemon::run(&args, global, output),
        Command::Sandbox(args) => sandbox::run(&args, global, output),
        Command::Sdl(args) => sdl::run(&args, output),
        Command::Import(args) => import::run(&args, output),
        Command::Completion { shell } => completion::run(shell, output),
        Command::Version => version::run(output),
    }
}
