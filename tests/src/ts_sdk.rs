//! Akash's own TypeScript client, as a process that is asked about SDL: `tests/ts-sdk/sdl-server.js`.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::report::complain;

/// The client, until it is dropped.
#[derive(Debug)]
pub struct Sdk {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sdk {
    /// Starts it; installs what it needs with `npm ci` when that is not there.
    ///
    /// # Errors
    ///
    /// Without Node.js, and when npm cannot install.
    pub fn start() -> Result<Self, Box<dyn Error>> {
        let folder = folder();
        if !folder.join("node_modules/@akashnetwork/chain-sdk").exists() {
            complain("installing Akash's TypeScript client: npm ci in tests/ts-sdk");
            let mut npm = Command::new("npm");
            let npm = npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).stdout(Stdio::null());
            let status = npm.status().map_err(|error| format!("npm did not start: {error}"))?;
            if !status.success() {
                return Err(format!("npm ci in tests/ts-sdk failed ({status})").into());
            }
        }
        let mut node = Command::new("node");
        let node = node.arg("sdl-server.js").current_dir(&folder);
        let mut process = node
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("node did not start: {error}"))?;
        let questions = process.stdin.take().ok_or("node has no stdin")?;
        let answers = BufReader::new(process.stdout.take().ok_or("node has no stdout")?);
        Ok(Self { process, questions, answers })
    }

    /// The hash of a document, or why it is refused.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn hash(&mut self, sdl: &str) -> Result<Result<String, String>, Box<dyn Error>> {
        let answer = self.ask(&json!({ "sdl": sdl }))?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        match (text("hash"), text("refused")) {
            (Some(hash), _) => Ok(Ok(hash)),
            (None, Some(why)) => Ok(Err(why)),
            (None, None) => Err(format!("node says {answer}").into()),
        }
    }

    /// How many times it reads a document in about the time given, and in which time exactly.
    ///
    /// # Errors
    ///
    /// When the process is gone, or refuses the document.
    pub fn measure(&mut self, sdl: &str, time: Duration) -> Result<(u64, Duration), Box<dyn Error>> {
        let answer = self.ask(&json!({ "sdl": sdl, "milliseconds": time.as_millis() }))?;
        let number = |key: &str| answer.get(key).and_then(Value::as_u64);
        match (number("documents"), number("nanoseconds")) {
            (Some(documents), Some(nanoseconds)) => Ok((documents, Duration::from_nanos(nanoseconds))),
            _ => Err(format!("node says {answer}").into()),
        }
    }

    fn ask(&mut self, question: &Value) -> Result<Value, Box<dyn Error>> {
        writeln!(self.questions, "{question}")?;
        self.questions.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("node ended".into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ts-sdk")
}
