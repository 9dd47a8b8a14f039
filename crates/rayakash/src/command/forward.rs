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
            // Every end is taken, also a good one: a pattern that lets it pass would leave the others without a poll.
            Some(ended) = open.next() => if let Err(error) = ended {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use clap::Parser as _;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixListener;

    /// A connection that is not served shows as this.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Says "switch", then gives back what it gets.
    async fn echo(mut stream: tokio::net::UnixStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let switch =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: rayakash-tunnel\r\n\r\n";
        stream.write_all(switch.as_bytes()).await.unwrap();
        let (mut read, mut write) = stream.split();
        // The caller may go away at any time.
        let _ended = tokio::io::copy(&mut read, &mut write).await;
    }

    async fn say(stream: &mut TcpStream, text: &[u8]) {
        stream.write_all(text).await.unwrap();
        let mut back = vec![0; text.len()];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn a_connection_goes_on_when_another_ends() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let output = Output::new(&Args::parse_from(["rayakash", "version"]).global);
        let user = async {
            let tunnels = UnixListener::bind(&socket)?;
            let local = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = local.local_addr()?;
            let client = Client::new(&socket);
            let daemon = async {
                let mut open = FuturesUnordered::new();
                loop {
                    tokio::select! {
                        accepted = tunnels.accept() => open.push(echo(accepted.unwrap().0)),
                        Some(()) = open.next() => {}
                    }
                }
            };
            let talk = async {
                let mut first = TcpStream::connect(address).await.unwrap();
                let mut second = TcpStream::connect(address).await.unwrap();
                say(&mut first, b"a").await;
                say(&mut second, b"b").await;
                first.shutdown().await.unwrap();
                // Its end has come through when nothing more can be read.
                assert_eq!(first.read(&mut [0]).await.unwrap(), 0);
                say(&mut second, b"still here").await;
            };
            tokio::select! {
                talked = tokio::time::timeout(PATIENCE, talk) => {
                    talked.unwrap();
                    Ok(())
                }
                () = daemon => Ok(()),
                ended = accept(&local, &client, ("a", 8265), &output) => ended.map(drop),
            }
        };
        runtime::command(user).unwrap();
    }
}
