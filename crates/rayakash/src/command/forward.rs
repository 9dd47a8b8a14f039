//! `forward` and `dashboard`: a port of the head on this machine.

use super::Outcome;
use crate::args::{Forward, Global, Name, Ports};
use crate::failure::Failure;
use crate::output::Output;
use crate::{runtime, session};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rayakash_api::client::Client;
use rayakash_api::error::{Code, Exit, Problem};
use serde_json::json;
use std::net::Ipv4Addr;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// The port of Ray's dashboard.
const DASHBOARD: u16 = 8265;

/// `forward`.
pub(super) fn run(args: &Forward, global: &Global, output: &Output) -> Outcome {
    serve(&args.name, args.ports, global, output, |port| port.to_string())
}

/// `dashboard`.
pub(super) fn dashboard(args: &Name, global: &Global, output: &Output) -> Outcome {
    let ports = Ports { local: 0, remote: DASHBOARD };
    output.say(&format!("the dashboard asks for the token: rayakash token {}", args.name));
    serve(&args.name, ports, global, output, |port| format!("http://127.0.0.1:{port}"))
}

fn serve(name: &str, ports: Ports, global: &Global, output: &Output, shown: fn(u16) -> String) -> Outcome {
    let work = async {
        let session = session::connect(global, output).await?;
        // A cluster that does not exist is told now, not at the first connection.
        session.client.cluster(name).await?;
        let local = (Ipv4Addr::LOCALHOST, ports.local);
        let in_use =
            |error| Failure::because(Code::Conflict, format!("port {} cannot be taken", ports.local), &error);
        let listener = TcpListener::bind(local).await.map_err(in_use)?;
        let port = listener.local_addr()?.port();
        output.result(&json!({ "port": port, "url": format!("http://127.0.0.1:{port}") }), || shown(port))?;
        output
            .say(&format!("127.0.0.1:{port} leads to port {} of {name}'s head, until Ctrl-C", ports.remote));
        accept(&listener, &session.client, (name, ports.remote), output).await
    };
    match runtime::command(work) {
        // Ctrl-C is how forwarding ends.
        Err(failure) if failure.problem.code == Code::Interrupted => Ok(Exit::Ok),
        other => other,
    }
}

/// Serves connections until the listener fails.
async fn accept(listener: &TcpListener, client: &Client, to: (&str, u16), output: &Output) -> Outcome {
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => open.push(carry(accepted?.0, client, to)),
            Some(Err(error)) = open.next() => {
                let problem = Problem::from(error);
                output.say(&format!("a connection was refused: {}", problem.detail));
                for cause in &problem.cause {
                    output.say(&format!("  because: {cause}"));
                }
            }
        }
    }
}

/// Carries one connection.
async fn carry(
    mut local: TcpStream,
    client: &Client,
    (name, port): (&str, u16),
) -> Result<(), rayakash_api::client::Error> {
    let mut remote = client.tunnel(name, port).await?;
    // Either side may hang up when it likes.
    let _ended = copy_bidirectional(&mut local, &mut remote).await;
    Ok(())
}
