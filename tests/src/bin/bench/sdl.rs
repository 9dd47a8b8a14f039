//! How fast SDL becomes groups, manifest and hash, here and in Akash's TypeScript client. The two take turns, so that both see the same
//! machine.

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use akash_sdl::Sdl;
use rayakash_tests::report::{say, spread};
use rayakash_tests::ts_sdk::Sdk;
use tokio::time::Instant;

/// So long each reads a document in one turn.
const TURN: Duration = Duration::from_secs(1);

/// What Akash's Go library does, from the reference measurement of this project: documents a second on another two-core machine.
const GO: [u64; 3] = [2_980, 388, 220];

/// How many turns were asked for; `None`: the words are not about this bench.
pub(crate) fn wanted(words: &[&str]) -> Option<u32> {
    match words {
        ["sdl"] => Some(5),
        ["sdl", "--runs", number] => number.parse().ok().filter(|n| *n > 0),
        _ => None,
    }
}

/// Measures, and prints a line for each document.
pub(crate) fn bench(turns: u32) -> Result<bool, Box<dyn Error>> {
    let mut sdk = Sdk::start()?;
    say(&format!(
        "documents a second, medians of {turns} turns of {} s each (least to greatest)\n",
        TURN.as_secs()
    ));
    say(
        "document                        bytes            here      TypeScript client   ratio   Go, elsewhere   ratio",
    );
    let documents =
        [("1 service", document(&["web"])), ("Ray: a head and 6 workers", ray()), ("20 services", large())];
    for ((name, text), go) in documents.into_iter().zip(GO) {
        let ours = hash(&text)?;
        if sdk.hash(&text)?.as_ref() != Ok(&ours) {
            return Err(format!("{name}: Akash's client has another hash than {ours}").into());
        }
        let (mut here, mut there) = (vec![], vec![]);
        for _ in 0..turns {
            here.push(read_for(&text, TURN)?);
            let (documents, time) = sdk.measure(&text, TURN)?;
            there.push(rate(documents, time));
        }
        let (ours, theirs) = (spread(&here), spread(&there));
        say(&format!(
            "{name:<26} {:>10} {:>15} {:>22} {:>7} {go:>15} {:>7}",
            text.len(),
            shown(ours),
            shown(theirs),
            times(ours.0, theirs.0),
            times(ours.0, i128::from(go)),
        ));
    }
    Ok(true)
}

fn shown((median, least, greatest): (i128, i128, i128)) -> String {
    format!("{median} ({least}–{greatest})")
}

fn times(a: i128, b: i128) -> String {
    let tenths = a * 10 / b.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Everything that is made of a document.
fn hash(text: &str) -> Result<String, Box<dyn Error>> {
    let read = Sdl::review(text)?;
    Ok(hex::encode(black_box(&read).manifest.hash()))
}

fn read_for(text: &str, turn: Duration) -> Result<i128, Box<dyn Error>> {
    let began = Instant::now();
    let mut documents = 0;
    while began.elapsed() < turn {
        black_box(hash(black_box(text))?);
        documents += 1;
    }
    Ok(rate(documents, began.elapsed()))
}

fn rate(documents: u64, time: Duration) -> i128 {
    let nanos = i128::try_from(time.as_nanos()).unwrap_or(i128::MAX).max(1);
    i128::from(documents) * 1_000_000_000 / nanos
}

fn ray() -> String {
    document(&["head", "worker1", "worker2", "worker3", "worker4", "worker5", "worker6"])
}

fn large() -> String {
    let names: Vec<String> = (1..=20).map(|n| format!("service{n:02}")).collect();
    document(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Services of Ray's shape, each with a profile of its own; the first is open to the world.
fn document(names: &[&str]) -> String {
    let first = names.first().copied().unwrap_or_default();
    let service = |name: &&str| {
        let open = if *name == first {
            "      - port: 8265\n        as: 80\n        to:\n          - global: true\n"
        } else {
            ""
        };
        format!(
            "  {name}:
    image: rayproject/ray:2.40.0-py310
    command: [\"/bin/bash\", \"-c\"]
    args:
      - \"ulimit -n 65536 && exec ray start --address={first}:6379 --num-cpus=8 --num-gpus=1 --block\"
    env:
      - RAY_GRAFANA_HOST=https://grafana.example/?a=1&b=<2>
      - HF_HOME=/data/huggingface
    expose:
      - port: 6379
        to:
          - service: {first}
{open}    params:
      storage:
        shm:
          mount: /dev/shm
"
        )
    };
    let profile = |name: &&str| {
        format!(
            "    {name}:
      resources:
        cpu:
          units: 8
        memory:
          size: 32Gi
        gpu:
          units: 1
          attributes:
            vendor:
              nvidia:
                - model: a100
                  ram: 80Gi
        storage:
          - size: 100Mi
          - name: shm
            size: 10Gi
            attributes:
              class: ram
              persistent: false
"
        )
    };
    let price = |name: &&str| format!("        {name}: {{denom: uact, amount: 100000}}\n");
    let deployed = |name: &&str| format!("  {name}:\n    ray:\n      profile: {name}\n      count: 1\n");
    let all = |each: &dyn Fn(&&str) -> String| names.iter().map(each).collect::<String>();
    format!(
        "version: \"2.0\"\nservices:\n{}profiles:\n  compute:\n{}  placement:\n    ray:\n      attributes:\n        host: akash\n      pricing:\n{}deployment:\n{}",
        all(&service),
        all(&profile),
        all(&price),
        all(&deployed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_valid_and_as_large_as_they_say() {
        for (text, services) in [(document(&["web"]), 1), (ray(), 7), (large(), 20)] {
            let sdl = Sdl::parse(&text).unwrap();
            assert_eq!(sdl.services.len(), services, "{text}");
        }
        assert_eq!(times(123, 10), "12.3");
    }
}
