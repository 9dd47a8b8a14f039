//! What is probably a secret: by the name of a variable, by the shape of a value, by what a command does with it.

use crate::shell::{Word, split, statements};

/// Beginnings of variables of storage services and of Weights & Biases. All of them are secrets here, the regions too: they belong together.
const SERVICES: [&str; 6] = ["AWS_", "S3_", "R2_", "B2_", "MINIO_", "WANDB_"];
/// Words in the names of secrets.
const WORDS: [&str; 19] = [
    "APIKEY",
    "AUTH",
    "AUTHORIZATION",
    "BEARER",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "KEY",
    "KEYS",
    "MNEMONIC",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PAT",
    "PW",
    "PWD",
    "SECRET",
    "TOKEN",
];
/// Ends of such words.
const ENDS: [&str; 5] = ["KEY", "TOKEN", "PASSWD", "PWD", "PW"];
/// Words with such ends that mean something else.
const OTHERS: [&str; 8] =
    ["DONKEY", "HOTKEY", "JOCKEY", "MONKEY", "HOCKEY", "TURKEY", "TOKENIZER", "WHISKEY"];
/// Words in the names of what is a secret unless it is a number or a switch: `WALLET_SEED`, but not `SEED=42`.
const WEAK: [&str; 3] = ["DSN", "SEED", "WEBHOOK"];
/// Beginnings of values that are keys of some service.
const KEYS: [&str; 20] = [
    "AIza",
    "AKIA",
    "ASIA",
    "dckr_pat_",
    "eyJ",
    "gho_",
    "ghp_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "hf_",
    "nvapi-",
    "rk_live_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "xapp-",
    "xoxb-",
    "xoxp-",
];
/// Files in which programs look for keys.
const FILES: [&str; 5] = ["credentials", "netrc", "kaggle.json", "pgpass", "id_rsa"];

/// Whether a variable probably holds a secret.
pub(crate) fn is_secret(name: &str, value: &str) -> bool {
    is_secret_name(name) || is_weak(name, value) || secret_in(value).is_some()
}

fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    SERVICES.iter().any(|service| upper.starts_with(service))
        || ["APIKEY", "PASSWORD", "SECRET"].iter().any(|word| upper.contains(word))
        || words(name).iter().any(|word| {
            let ends = ENDS.iter().any(|end| word.ends_with(end));
            WORDS.contains(&word.as_str()) || (ends && !OTHERS.contains(&word.as_str()))
        })
}

/// Whether a name is one of a secret when the value is no number and no switch.
fn is_weak(name: &str, value: &str) -> bool {
    let setting = value.is_empty()
        || value.chars().all(|c| c.is_ascii_digit())
        || ["true", "false", "none", "null", "random"].contains(&value.to_ascii_lowercase().as_str());
    !setting && is_literal(value) && words(name).iter().any(|word| WEAK.contains(&word.as_str()))
}

/// The words of a name in capitals: `api-key`, `API_KEY`, `apiKey`.
fn words(name: &str) -> Vec<String> {
    let mut apart = String::new();
    let mut small = false;
    for c in name.chars() {
        if small && c.is_ascii_uppercase() {
            apart.push('_');
        }
        small = c.is_ascii_lowercase();
        apart.push(if c == '-' || c == '.' { '_' } else { c.to_ascii_uppercase() });
    }
    apart.split('_').map(str::to_owned).collect()
}

/// The name of a secret whose value stands somewhere in a text: `NAME=value`, `"name": "value"`; `TOKEN` for one without a name.
pub(crate) fn secret_in(text: &str) -> Option<String> {
    let apart = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | ';' | '(' | ')');
    let key = || {
        text.contains("-----BEGIN ")
            || text.split(apart).any(|word| is_key(word) || meant(word).is_some())
            || has_scheme(text)
    };
    named(text).or_else(|| key().then(|| "TOKEN".to_owned())).or_else(|| told(&split(text)))
}

fn named(text: &str) -> Option<String> {
    text.char_indices().filter(|(_, c)| matches!(c, '=' | ':')).find_map(|(at, _)| {
        let (before, after) = text.split_at_checked(at)?;
        let before = before.trim_end_matches([' ', '"', '\'']);
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name = before.rsplit(|c| !part(c)).next()?;
        let rest = before.strip_suffix(name).unwrap_or_default();
        // The signature of an address, as storage services have it.
        let signs = name == "sig" && rest.ends_with(['?', '&']);
        if !signs && !is_secret_name(name) {
            return None;
        }
        let expanded = rest.ends_with('$') || rest.ends_with("${");
        let value = after.trim_start_matches(['=', ':', ' ', '"', '\'']);
        (is_literal(value) && !expanded).then(|| variable(if signs { "TOKEN" } else { name }))
    })
}

/// Whether a value stands there itself, and is no place for one.
fn is_literal(value: &str) -> bool {
    value.starts_with(|c: char| !c.is_whitespace() && !matches!(c, '$' | '<' | '{' | '['))
}

/// Whether a line of a source shows the value of a secret.
pub(crate) fn shows_secret(line: &str) -> bool {
    // A list or a mapping behind a name shows as much as a word. How Ray asks for a token is no secret.
    let opened = line.replace(['[', '{'], " ");
    let weak = || line.split_once(['=', ':']).is_some_and(|(name, value)| is_weak(name.trim(), value.trim()));
    [line, &opened].into_iter().filter_map(secret_in).any(|name| name != "RAY_AUTH_MODE") || weak()
}

/// A name as a variable has it.
fn variable(name: &str) -> String {
    name.trim_matches('-').replace('-', "_").to_ascii_uppercase()
}

/// Whether a value looks like a key of some service, or has a password or a key in its address.
fn is_key(value: &str) -> bool {
    let value = value.trim();
    let address = value.split_once("://").is_some_and(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let web = scheme.ends_with("http") || scheme.ends_with("https");
        authority.rsplit_once('@').is_some_and(|(user, _)| match user.split_once(':') {
            Some((_, password)) => !password.starts_with('$'),
            // Others have people and containers there.
            None => web && is_mixed(user, 8),
        })
    });
    address || KEYS.iter().any(|key| value.starts_with(key) && value.len() > key.len())
}

/// Whether a word is long and has digits, as nothing has that a person would think of.
fn is_mixed(word: &str, least: usize) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-=+/.".contains(c);
    word.len() >= least && word.chars().all(plain) && word.chars().any(|c| c.is_ascii_digit())
}

/// Whether a key stands behind the name of a way to sign in: `Bearer abc1`.
fn has_scheme(text: &str) -> bool {
    let words: Vec<&str> = text.split([' ', '"', '\'', ':', '\n']).filter(|word| !word.is_empty()).collect();
    let alone = words.len() == 2;
    words.windows(2).any(|two| match two {
        [scheme, key] if scheme.eq_ignore_ascii_case("bearer") => {
            is_mixed(key, 6) || (alone && is_literal(key) && key.len() > 5)
        }
        [scheme, key] if scheme.eq_ignore_ascii_case("basic") => is_mixed(key, 8),
        _ => false,
    })
}

/// The name of a secret that a command is told as a word of its own: `--token abc`, `login abc`.
fn told(words: &[Word]) -> Option<String> {
    statements(words).into_iter().find_map(|(_, statement)| {
        let words: Vec<&str> = statement.iter().map(|word| word.text.as_str()).collect();
        let token = || Some("TOKEN".to_owned());
        if signs_in(&words) || writes_key(&words) || words.iter().any(|word| is_netrc(word)) {
            return token();
        }
        words.windows(3).find_map(by_name).or_else(|| {
            words.windows(2).find_map(|two| match two {
                ["login", key] if is_mixed(key, 16) => token(),
                [flag, value] if flag.starts_with("--") && !flag.contains('=') && is_value(value) => {
                    let name = variable(flag);
                    is_secret_name(&name).then_some(name)
                }
                _ => None,
            })
        })
    })
}

/// `configure set NAME VALUE`, `-n NAME -v VALUE`.
fn by_name(three: &[&str]) -> Option<String> {
    let ["set" | "-n" | "--name", name, value] = three else { return None };
    let names = !name.starts_with('-') && is_secret_name(name);
    (names && (is_value(value) || *value == "-v")).then(|| variable(name))
}

fn is_value(word: &str) -> bool {
    !word.starts_with('-') && is_literal(word)
}

/// Whether a program is told a password or a key to sign in with.
fn signs_in(words: &[&str]) -> bool {
    let has = |name: &str| words.iter().any(|word| word.rsplit('/').next() == Some(name));
    let behind = |flags: &[&str]| {
        words.windows(2).filter_map(|two| two.split_first()).find_map(|(flag, rest)| {
            flags.contains(flag).then(|| rest.first().copied()).flatten().filter(|value| is_value(value))
        })
    };
    let glued = |flag: &str| words.iter().any(|word| word.strip_prefix(flag).is_some_and(is_value));
    let user = |value: &str| value.split_once(':').is_some_and(|(_, password)| is_literal(password));
    let login = has("login");
    (has("curl") && behind(&["-u", "--user"]).is_some_and(user))
        || ((login || has("sshpass")) && behind(&["-p"]).is_some())
        || (["sshpass", "mysql", "mysqldump", "mariadb"].into_iter().any(has) && glued("-p"))
        || (login && has("wandb") && wandb(words))
}

/// Whether `wandb login` is told its key.
fn wandb(words: &[&str]) -> bool {
    let behind: Vec<&str> = words.iter().skip_while(|word| **word != "login").copied().collect();
    behind.windows(2).any(|two| match two {
        [before, word] => !before.starts_with("--host") && is_value(word) && word.len() >= 8,
        _ => false,
    })
}

/// Whether text is written to a file of keys: `echo abc > ~/.cache/huggingface/token`.
fn writes_key(words: &[&str]) -> bool {
    let mut parts = words.iter().copied().skip_while(|word| !matches!(*word, "echo" | "printf"));
    if parts.next().is_none() {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    let text = rest.iter().take_while(|word| !word.starts_with('>')).any(|word| is_value(word));
    let target =
        rest.iter().skip_while(|word| !word.starts_with('>')).find(|word| **word != ">" && **word != ">>");
    let file =
        target.and_then(|target| target.trim_start_matches('>').rsplit('/').next()).unwrap_or_default();
    text && (FILES.contains(&file.trim_start_matches('.')) || is_secret_name(file))
}

/// `machine HOST login NAME password VALUE`.
fn is_netrc(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.contains(&"machine")
        && words.windows(2).any(|two| matches!(two, ["password", value] if is_literal(value)))
}

/// The variable that a text begins with, when more is glued to it.
pub(crate) fn meant(text: &str) -> Option<&'static str> {
    let known = ["WANDB_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN"];
    known.into_iter().find(|name| {
        text.strip_prefix(name).is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['_', '=', ':']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name() {
        let names = "AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION R2_BUCKET_URL S3_ENDPOINT_URL B2_APPLICATION_KEY \
             MINIO_ACCESS_KEY WANDB_PROJECT HF_TOKEN OPENAI_API_KEY openai_apikey DB_PASSWORD MYSECRET \
             GOOGLE_APPLICATION_CREDENTIALS ACCESSKEY ACCESSTOKEN NGROK_AUTHTOKEN PGPW PRIVATEKEY accessKey apiToken \
             HFToken AccountKey x-api-key DB_PW MYSQL_PWD";
        for name in names.split_whitespace() {
            assert!(is_secret(name, ""), "{name}");
        }
        let names = "TOKENIZERS_PARALLELISM NCCL_DEBUG MONKEY HOTKEY KEYBOARD KEYCLOAK_URL MAX_TOKENS maxTokens \
             HASHSEED OMP_NUM_THREADS PATH PYTHONPATH COMPASS_URL BYPASS PATTERN AUTHOR TOKENIZER";
        for name in names.split_whitespace() {
            assert!(!is_secret(name, "x"), "{name}");
        }
    }

    #[test]
    fn secrets_are_known_by_value() {
        let secret = [
            ("DATABASE_URL", "postgres://me:hunter2@db/x"),
            ("WHATEVER", "hf_abcdefgh"),
            ("STRIPE", "sk_live_abc"),
            ("GOOGLE", "AIzaabc"),
            ("CERT", "-----BEGIN PRIVATE KEY-----"),
            ("OPTIONS", "--redis-password=abc"),
            ("OPTIONS", "--password hunter2"),
            ("RUNTIME_ENV", "{\"env_vars\": {\"AWS_SECRET_ACCESS_KEY\": \"abc\"}}"),
            ("CONF", "{\"accessKey\": \"abc\"}"),
            ("CONF", "{\"apiToken\": \"abc\"}"),
            ("HEADERS", "Authorization: Bearer abc"),
            ("HEADERS", "Bearer abcdef"),
            ("HEADERS", "Basic bWU6aHVudGVyMg=="),
            ("AZURE", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abc==;EndpointSuffix=y"),
            ("BLOB", "https://x.blob.core.windows.net/c?sv=2020&sig=abc"),
            ("GIT_URL", "https://0123abcd@github.com/me/x"),
            ("SENTRY_DSN", "https://0123abcd@o1.ingest.sentry.io/1"),
            ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/abc"),
            ("WALLET_SEED", "abandon abandon about"),
        ];
        for (name, value) in secret {
            assert!(is_secret(name, value), "{name}={value}");
        }
        let plain = [
            ("OPENBLAS_NUM_THREADS", "1"),
            ("SEED", "42"),
            ("PYTHONHASHSEED", "random"),
            ("RANDOM_SEED", "0"),
            ("WEBHOOK_PORT", "8080"),
            ("URL", "https://example.com/a@b:c"),
            ("URL", "https://me@example.com"),
            ("URL", "ssh://git@github.com/me/x2"),
            ("DATA", "abfss://container01@account1.dfs.core.windows.net/x"),
            ("A", "https://x:$TOKEN@example.com"),
            ("A", "sk-"),
            ("A", "x=$HF_TOKEN"),
            ("A", "token=$HF_TOKEN"),
            ("A", "${HF_TOKEN:-none}"),
            ("A", "a basic example of a bearer of news"),
            ("A", "Bearer $X"),
            ("A", "design=1&sig"),
            ("NOTE", "press any key to login, or read the token docs"),
            ("ARGS", "--max-tokens 512 --tokenizer gpt2 --seed 7 --monkey business"),
            ("JAVA_OPTS", "-Xmx4g -Dfile.encoding=UTF-8"),
            ("NVIDIA_VISIBLE_DEVICES", "all"),
        ];
        for (name, value) in plain {
            assert!(!is_secret(name, value), "{name}={value}");
        }
    }

    #[test]
    fn secrets_in_commands_are_found() {
        let table = [
            ("export WANDB_API_KEY=0123", Some("WANDB_API_KEY")),
            ("curl --token abc https://x", Some("TOKEN")),
            ("wandb login 0123456789abcdef0123", Some("TOKEN")),
            ("wandb login --relogin abcdefgh", Some("TOKEN")),
            ("git clone https://me:hunter2@host/x", Some("TOKEN")),
            ("git clone https://0123abcd@host/x", Some("TOKEN")),
            ("bash -c 'export HF_TOKEN=abc && x'", Some("HF_TOKEN")),
            ("cat >~/.aws/credentials <<E\naws_secret_access_key = abc\nE", Some("AWS_SECRET_ACCESS_KEY")),
            ("curl -H \"Authorization: Bearer abc\" https://x", Some("AUTHORIZATION")),
            ("curl -H \"Authorization: Bearer $T\" https://x", Some("AUTHORIZATION")),
            ("curl -u me:hunter2 https://x", Some("TOKEN")),
            ("docker login -u me -p hunter2", Some("TOKEN")),
            ("az login --service-principal -p hunter2", Some("TOKEN")),
            ("sshpass -p hunter2 ssh x", Some("TOKEN")),
            ("mysql -phunter2", Some("TOKEN")),
            ("aws configure set aws_secret_access_key abc", Some("AWS_SECRET_ACCESS_KEY")),
            ("kaggle config set -n key -v abc", Some("KEY")),
            ("ngc config set --key abc", Some("KEY")),
            ("printf 'machine api.wandb.ai login user password hunter2' > ~/.netrc", Some("TOKEN")),
            ("echo hunter2 > ~/.cache/huggingface/token", Some("TOKEN")),
            ("a; echo hunter2 >>/x/.netrc", Some("TOKEN")),
        ];
        for (text, expected) in table {
            assert_eq!(secret_in(text).as_deref(), expected, "{text}");
        }
        for text in [
            "huggingface-cli login --token=$HF_TOKEN",
            "wandb login $WANDB_API_KEY",
            "wandb login --host https://wandb.example.com",
            "pip install --no-input humanize==4.9.0",
            "export OMP_NUM_THREADS=1",
            "python -c \"print(sorted([2, 1], reverse=True))\"",
            "test \"$TOKEN\" = x",
            "echo $TOKEN > ~/.cache/huggingface/token",
            "echo hello > /tmp/greeting",
            "docker login -u me -p $PASS; mkdir -p /data",
            "curl -u $USER:$PASS https://x",
            "docker run -u 1000:1000 x",
            "curl -fsSL https://example.com/key.gpg | apt-key add -",
            "apt-get install -y git && git config --global user.name me",
            "sort -k 2 /x",
            "huggingface-cli download gpt2 --local-dir /models",
            "aws s3 cp s3://bucket/x /data",
            "git clone https://github.com/me/x",
            "git clone git@github.com:me/x",
            "python train.py --max-tokens 512 --seed 7",
        ] {
            assert_eq!(secret_in(text), None, "{text}");
        }
    }
}
