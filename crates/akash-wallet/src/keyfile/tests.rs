use super::*;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1 };

fn passphrase(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

fn saved() -> (tempfile::TempDir, PathBuf, Mnemonic) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.json");
    let mnemonic = Mnemonic::generate().unwrap();
    save(&path, &mnemonic, &passphrase("correct horse"), CHEAP).unwrap();
    (dir, path, mnemonic)
}

#[test]
fn what_was_saved_is_loaded_and_no_word_stands_in_the_file() {
    // Random words may be the names of the file's own fields: `address`, `version`.
    let mnemonic = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let mnemonic = Mnemonic::parse(mnemonic).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.json");
    save(&path, &mnemonic, &passphrase("correct horse"), CHEAP).unwrap();
    let loaded = load(&path, &passphrase("correct horse")).unwrap();
    assert_eq!(loaded.phrase().expose_secret(), mnemonic.phrase().expose_secret());
    assert_eq!(&address(&path).unwrap(), Key::derive(&mnemonic, 0).unwrap().address());
    let text = std::fs::read_to_string(&path).unwrap();
    for word in mnemonic.phrase().expose_secret().split(' ').filter(|w| w.len() > 4) {
        assert!(!text.contains(word), "{word}");
    }
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn a_wrong_passphrase_is_an_error_of_its_own() {
    let (_dir, path, _) = saved();
    for wrong in ["", "correct horse ", "Correct horse"] {
        let error = load(&path, &passphrase(wrong)).unwrap_err();
        assert!(matches!(error, KeyFileError::WrongPassphrase { .. }), "{error:?}");
    }
}

#[test]
fn every_changed_field_is_noticed() {
    let (_dir, path, _) = saved();
    let original: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let flipped = |text: &str| {
        let first = if text.starts_with('0') { '1' } else { '0' };
        format!("{first}{}", &text[1..])
    };
    for field in ["address", "salt", "check", "nonce", "sealed", "kdf", "cipher"] {
        let mut changed = original.clone();
        changed[field] = flipped(original[field].as_str().unwrap()).into();
        std::fs::write(&path, changed.to_string()).unwrap();
        let error = load(&path, &passphrase("correct horse")).unwrap_err();
        let expected = match field {
            "salt" | "check" => matches!(error, KeyFileError::WrongPassphrase { .. }),
            "kdf" | "cipher" => matches!(error, KeyFileError::NotAKeyFile { .. }),
            _ => matches!(error, KeyFileError::Tampered { .. }),
        };
        assert!(expected, "{field}: {error:?}");
    }
}

#[test]
fn what_is_no_key_file_is_refused() {
    let (dir, path, _) = saved();
    let good = std::fs::read_to_string(&path).unwrap();
    let hungry = good.replace("\"memory_kib\": 64", "\"memory_kib\": 4000000000");
    for text in [
        "",
        "{}",
        "garbage",
        &good[..good.len() / 2],
        &good.replace("\"version\": 1", "\"version\": 2"),
        &hungry,
    ] {
        std::fs::write(&path, text).unwrap();
        let error = load(&path, &passphrase("correct horse")).unwrap_err();
        assert!(matches!(error, KeyFileError::NotAKeyFile { .. }), "{error:?}");
    }
    let error = load(&dir.path().join("none"), &passphrase("x")).unwrap_err();
    assert!(matches!(error, KeyFileError::Io { what: "open", .. }), "{error:?}");
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let (_dir, path, _) = saved();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = load(&path, &passphrase("correct horse")).unwrap_err();
    assert!(matches!(error, KeyFileError::Exposed { mode: 0o640, .. }), "{error:?}");
}

#[test]
fn a_key_is_not_overwritten() {
    let (_dir, path, first) = saved();
    let second = Mnemonic::generate().unwrap();
    let error = save(&path, &second, &passphrase("new"), CHEAP).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error:?}");
    let kept = load(&path, &passphrase("correct horse")).unwrap();
    assert_eq!(kept.phrase().expose_secret(), first.phrase().expose_secret());
}

#[test]
fn the_default_cost_is_that_of_the_rfc() {
    assert_eq!(Cost::default(), Cost { memory_kib: 65_536, passes: 3 });
}
