//! What containers do: commands, scripts, variables.

use super::*;

#[test]
fn commands() {
    let head = "[ray, start, --head, --port=6379]";
    check(
        &with(head, "[sh, -c, 'pip install humanize && ray start --head --num-cpus=0 --block']"),
        &["head_setup_commands:", "  - pip install humanize"],
        &[
            "5: services.ray-head.command: `--num-cpus` of `ray start` was left out; Ray is told the node's cores: `resources.CPU`",
        ],
    );
    check(
        &with(
            "[ray, start, '--address=ray-head:6379']",
            "[bash, -c]\n    args: ['until nc -z ray-head 6379; do sleep 1; done; ray start --address=ray-head:6379']",
        ),
        &[],
        &[
            "8: services.ray-worker.command: what stands before `ray start` was left out: it cannot be told apart from the start; what installs software belongs in `setup_commands`",
        ],
    );
    check(&with(head, "[sh, -c, 'sleep 5; ulimit -n 65536; ray start --head']"), &[], &[]);
    let both = plain().replace(head, "[sh, -c, 'pip install x; ray start --head']");
    let both = both.replace(
        "[ray, start, '--address=ray-head:6379']",
        "[sh, -c, 'pip install x; ray start --address=a:1']",
    );
    check(&both, &["setup_commands:", "  - pip install x"], &[]);
    check(
        &with(head, "[python, head.py]"),
        &[],
        &[
            "5: services.ray-head.command: the command was left out: the program starts Ray itself; what it installs belongs in `setup_commands`",
        ],
    );
    let secret = with(head, "[sh, -c, 'export HF_TOKEN=hf_abc; ray start --head']");
    check(
        &secret,
        &[
            "    # env:",
            "    #   Secrets, left out with their values; this release refuses them here.",
            "    #   HF_TOKEN: { secret: HF_TOKEN }",
        ],
        &["5: services.ray-head.command: `HF_TOKEN` is probably a secret, and was left out with its value"],
    );
    assert_eq!(import(&secret).unwrap().secrets, [Secret { name: "HF_TOKEN".into(), line: 5 }]);
}

#[test]
fn scripts() {
    let head = |command: &str| with("[ray, start, --head, --port=6379]", command);
    let x = ["head_setup_commands:", "  - pip install x"];
    for command in [
        "[tini, --, bash, -c, 'pip install x && ray start --head']",
        "[/usr/bin/env, bash, -c, 'pip install x && ray start --head']",
        "\"bash -c 'pip install x; ray start --head'\"",
        "[bash, -c, 'pip install x; ray start --head > /tmp/log 2>&1']",
        "[bash, -c, \"# ray start --address=foo:1\\npip install x\\nray start --head\"]",
    ] {
        check(&head(command), &x, &[]);
    }
    check(
        &head("[bash, -c, 'pip install x >/dev/null 2>&1; ray start --head']"),
        &["head_setup_commands:", "  - pip install x >/dev/null 2>&1"],
        &[],
    );
    let apart = "5: services.ray-head.command: what stands before `ray start` was left out: it cannot be told apart from the start; what installs software belongs in `setup_commands`";
    for test in
        ["[ -f /x ] &&", "[[ -f /x ]] &&", "pip install x; test -f /x &&", "pip install x ||", "server &"]
    {
        check(&head(&format!("[bash, -c, '{test} ray start --head']")), &[], &[apart]);
    }
    check(
        &head("[bash, -c, 'export A=1 B=\"x y\"; pip install x && C=3 ray start --head']"),
        &[&["    env:", "      A: \"1\"", "      B: x y", "      C: \"3\""], x.as_slice()].concat(),
        &[],
    );
    check(
        &head("[bash, -c, 'cd /opt && source env.sh && export PATH=/opt/bin:$PATH && ray start --head']"),
        &[],
        &[
            "5: services.ray-head.command: what `source` sets before `ray start` does not reach Ray; write variables under `env`",
            "5: services.ray-head.command: what `export PATH` sets before `ray start` does not reach Ray; write variables under `env`",
        ],
    );
}

#[test]
fn variables() {
    let env = |list: &str| with("  ray-worker:\n", &format!("    env: {list}\n  ray-worker:\n"));
    check(
        &env("[A=1, 'B=x: y', C=]"),
        &["    env:", "      A: \"1\"", "      B: \"x: y\"", "      C: \"\""],
        &[],
    );
    check(&env("{ A: 1 }"), &["    env:", "      A: \"1\""], &[]);
    check(&env("[{ A: 1 }]"), &["    env:", "      A: \"1\""], &[]);
    check(&env("[A=1, A=1]"), &["    env:", "      A: \"1\""], &[]);
    check(
        &env("[A=1, A=2]"),
        &["    env:", "      A: \"2\""],
        &["6: services.ray-head.env[1]: `A` is there twice: the last value is taken"],
    );
    check(
        &env("[RAYAKASH_X=1, HOSTNAME=h, 'a b=c', novalue, RAY_ADDRESS=ray-head:6379]"),
        &[],
        &[
            "6: services.ray-head.env[0]: `RAYAKASH_X` cannot be set on nodes",
            "6: services.ray-head.env[1]: `HOSTNAME` cannot be set on nodes",
            "6: services.ray-head.env[2]: `a b` cannot be set on nodes",
            "6: services.ray-head.env[3]: the entry has no `=`, so it sets nothing; write `NAME: value` under `env`",
            "6: services.ray-head.env[4]: `RAY_ADDRESS` was left out: nodes are told where the head is",
        ],
    );
    check(
        &env("[MY_TOKEN=abc, WANDB_API_KEYc2VjcmV0==]"),
        &[
            "    # env:",
            "    #   Secrets, left out with their values; this release refuses them here.",
            "    #   MY_TOKEN: { secret: MY_TOKEN }",
            "    #   WANDB_API_KEY: { secret: WANDB_API_KEY }",
        ],
        &[
            "6: services.ray-head.env[0]: `MY_TOKEN` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[1]: the entry has no `=` after `WANDB_API_KEY`, which is probably a secret, and was left out",
        ],
    );
    // A list whose entries are not indented alike: YAML makes one value of two lines.
    let swallowed = with("  ray-worker:\n", "    env:\n      - A=1\n        - HF_TOKEN=abc\n  ray-worker:\n");
    assert_eq!(
        refused(&swallowed),
        [
            "7:9 this entry takes the lines below into its value: they stand further to the right | give all entries of the list the same indentation"
        ]
    );
    let everywhere = plain().replace("    command:", "    env: [A=1]\n    command:");
    check(&everywhere, &["env:", "  A: \"1\""], &[]);
}

#[test]
fn variables_in_other_forms() {
    let env = |list: &str| with("  ray-worker:\n", &format!("    env: {list}\n  ray-worker:\n"));
    // The form of Kubernetes: one variable, whose name and value have keys of their own.
    check(
        &env(
            "[{ name: DB_LOGIN_TOKEN, value: abc }, { name: A, value: 1, x: y }, { key: HF_TOKEN, value: abc }, { name: C, valueFrom: { secretKeyRef: { key: c } } }, { name: D, valueFrom: { fieldRef: {} } }]",
        ),
        &[
            "    env:",
            "      A: \"1\"",
            "      # Secrets, left out with their values; this release refuses them here.",
            "      # DB_LOGIN_TOKEN: { secret: DB_LOGIN_TOKEN }",
            "      # HF_TOKEN: { secret: HF_TOKEN }",
            "      # C: { secret: C }",
        ],
        &[
            "6: services.ray-head.env[0].value: `DB_LOGIN_TOKEN` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[1].x: `x` beside the name of a variable was left out",
            "6: services.ray-head.env[2].value: `HF_TOKEN` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[3].valueFrom: `C` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[4].valueFrom: `D` was left out: its value is in Kubernetes; write `NAME: value` under `env`",
        ],
    );
    check(
        &env("{ A: [1, 2], B: , C: { d: e } }"),
        &["    env:", "      B: \"\""],
        &[
            "6: services.ray-head.env.A: the value of `A` is no text, and was left out; write it as one text",
            "6: services.ray-head.env.C: the value of `C` is no text, and was left out; write it as one text",
        ],
    );
}
