//! Wishes as these tests write them: `quick workers=2 note=1 runway=60`.

use std::collections::BTreeMap;

use rayakash_core::spec::{self, Cluster, EnvValue, NodeType, TypeName};

/// Reads a wish. Its escrow is for a minute or so, so that top-ups are frequent.
pub(crate) fn read(text: &str) -> Result<Cluster, String> {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or_default().parse().map_err(|error| format!("{error}"))?;
    let options: BTreeMap<&str, &str> = words.filter_map(|word| word.split_once('=')).collect();
    let number = |key, usual: u32| {
        options.get(key).map_or(Ok(usual), |n| n.parse()).map_err(|error| format!("{key}: {error}"))
    };
    let type_name = |text: &str| text.parse().map_err(|error| format!("{error}"));
    let (head, worker): (TypeName, TypeName) = (type_name("head")?, type_name("worker")?);
    let (workers, runway) = (number("workers", 2)?, u64::from(number("runway", 60)?));
    let note = options.get("note").copied().unwrap_or_default().to_owned();
    Ok(Cluster {
        name,
        ray: spec::Ray::default(),
        head: head.clone(),
        types: BTreeMap::from([(head, node(0)), (worker, node(workers))]),
        max_workers: workers,
        env: BTreeMap::from([("NOTE".to_owned(), EnvValue::Plain(note))]),
        setup: spec::Setup::default(),
        market: spec::Market::default(),
        budget: spec::Budget::default(),
        escrow: spec::Escrow { runway, target: runway * 3 / 2 },
        lifetime: spec::Lifetime::default(),
        recovery: spec::Recovery::default(),
        public_dashboard: false,
    })
}

fn node(min_workers: u32) -> NodeType {
    NodeType {
        cpus: 1,
        gpus: 0,
        gpu_models: vec![],
        memory: spec::MIN_HEAD_MEMORY,
        storage: 10 << 30,
        object_store: spec::MIN_OBJECT_STORE,
        min_workers,
        max_workers: min_workers,
        labels: BTreeMap::new(),
        env: BTreeMap::new(),
    }
}
