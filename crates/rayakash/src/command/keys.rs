//! `keys`. Words and passphrases come from prompts and files, never from arguments.

use super::Outcome;
use crate::args::{Global, KeyFile, Keys};
use crate::failure::Failure;
use crate::output::Output;
use crate::status::table;
use crate::{file, prompt, runtime, session};
use rayakash_api::error::{Code, Exit};
use rayakash_api::v1::{Export, Key, MadeKey, NewKey, Unlock};
use rayakash_core::Secret;
use std::path::PathBuf;

/// The option that names a file with the passphrase.
const PASSPHRASE: &str = "--passphrase-file";

pub(super) fn run(args: &Keys, global: &Global, output: &Output) -> Outcome {
    match args {
        Keys::New(key) => store(key, None, global, output),
        Keys::Import { key, mnemonic_file } => {
            let words = words(mnemonic_file.as_ref())?;
            store(key, Some(words), global, output)
        }
        Keys::Unlock(key) => unlock(key, global, output),
        Keys::Ls => list(global, output),
        Keys::Export(key) => export(key, global, output),
        Keys::Rm { key } => remove(key, global, output),
    }
}

fn words(path: Option<&PathBuf>) -> Result<Secret, Failure> {
    match path {
        // Words may stand on several lines.
        Some(path) => Ok(Secret::new(file::text(path)?.split_whitespace().collect::<Vec<_>>().join(" "))),
        None => prompt::secret("words of the key", "--mnemonic-file"),
    }
}

fn passphrase(key: &KeyFile, new: bool) -> Result<Secret, Failure> {
    match &key.passphrase_file {
        Some(path) => file::secret(path),
        None if new => prompt::new_secret("passphrase for the key file", PASSPHRASE),
        None => prompt::secret("passphrase", PASSPHRASE),
    }
}

/// The passphrase of a key that signs once; none for the sandbox's own, which everybody knows.
pub(super) fn passphrase_of(key: &KeyFile) -> Result<Option<Secret>, Failure> {
    if key.key == "sandbox" && key.passphrase_file.is_none() {
        return Ok(None);
    }
    passphrase(key, false).map(Some)
}

fn store(key: &KeyFile, mnemonic: Option<Secret>, global: &Global, output: &Output) -> Outcome {
    let new = NewKey { name: key.key.clone(), passphrase: passphrase(key, true)?, mnemonic };
    runtime::command(async {
        let session = session::connect(global, output).await?;
        let made = session.client.new_key(&new).await?;
        output.result(&made, || human(&made))?;
        Ok(Exit::Ok)
    })
}

fn human(made: &MadeKey) -> String {
    let address = made.key.address.as_deref().unwrap_or_default();
    let words = made.mnemonic.as_ref().map(|words| {
        format!(
            "\n\n{}\n\nWrite these words down. They are shown this once, and they are the money.",
            words.expose()
        )
    });
    format!("{} {address}{}", made.key.name, words.unwrap_or_default())
}

fn unlock(key: &KeyFile, global: &Global, output: &Output) -> Outcome {
    let unlock = Unlock { passphrase: passphrase(key, false)? };
    runtime::command(async {
        let session = session::connect(global, output).await?;
        let key = session.client.unlock(&key.key, &unlock).await?;
        output.result(&key, || format!("{} is unlocked until the daemon stops", key.name))?;
        Ok(Exit::Ok)
    })
}

fn list(global: &Global, output: &Output) -> Outcome {
    runtime::command(async {
        let session = session::connect(global, output).await?;
        let keys = session.client.keys().await?;
        let row = |key: &Key| {
            let state = if key.unlocked { "unlocked" } else { "locked" };
            let note = if key.public { "public: everybody has it" } else { "" };
            [key.name.clone(), key.address.clone().unwrap_or_default(), state.to_owned(), note.to_owned()]
        };
        output.result(&keys, || table(["KEY", "ADDRESS", "STATE", "NOTE"], keys.keys.iter().map(row)))?;
        Ok(Exit::Ok)
    })
}

fn export(key: &KeyFile, global: &Global, output: &Output) -> Outcome {
    let export = Export { passphrase: passphrase(key, false)? };
    runtime::command(async {
        let session = session::connect(global, output).await?;
        let words = session.client.export_key(&key.key, &export).await?;
        output.result(&words, || words.mnemonic.expose().to_owned())?;
        Ok(Exit::Ok)
    })
}

fn remove(key: &str, global: &Global, output: &Output) -> Outcome {
    let question = format!("remove `{key}`? Without its words, what it owns is lost");
    if !global.yes && (!prompt::possible() || !prompt::confirm(&question)?) {
        return Err(
            Failure::new(Code::NotApproved, format!("`{key}` was not removed")).hint("pass -y to agree")
        );
    }
    runtime::command(async {
        let session = session::connect(global, output).await?;
        session.client.remove_key(key).await?;
        output.say(&format!("{key} is removed"));
        Ok(Exit::Ok)
    })
}
