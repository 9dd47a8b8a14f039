//! Pods as a whole: real processes, told by what is left of them. The same on the host and in namespaces.

mod apart;

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use akash_types::{DeploymentId, Dseq, LeaseId};
use nix::sys::signal::Signal;
use nix::unistd::getpid;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::place::Place;
use super::pod::Phase;
use super::process::{Process, Table};
use super::runtime::Renamed;
use super::*;
use crate::tasks::Tasks;

/// Namespaces, or nothing, with a word on why, where they cannot be made.
async fn namespaces() -> Option<Isolation> {
    let folder = TempDir::new().unwrap();
    match Isolation::choose(Wish::Namespaces, &folder.path().join("probe")).await {
        Ok((isolation, _)) => Some(isolation),
        Err(why) => {
            skipped(&format!("no namespaces: {why}; {}", why.remedy()));
            None
        }
    }
}

/// Says aloud that something is not tested: what goes through `eprintln!` is not shown when a test passes.
fn skipped(why: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("SKIPPED, {why}\n").as_bytes()).unwrap();
}

/// Runs each test once on the host and once in namespaces.
macro_rules! both_ways {
    ($($name:ident)*) => {
        mod on_the_host {
            $(#[tokio::test] async fn $name() { super::$name(super::Isolation::Host).await; })*
        }
        mod in_namespaces {
            $(#[tokio::test] async fn $name() {
                if let Some(isolation) = super::namespaces().await { super::$name(isolation).await; }
            })*
        }
    };
}

both_ways! {
    a_pod_gets_its_own_environment_and_says_what_it_says
    a_container_that_ends_starts_again_at_once_and_then_later
    nothing_of_a_pod_remains
    a_daemon_whose_parent_died_goes_with_its_container
    pods_outlive_a_sandbox_that_is_killed_and_are_adopted
    dropping_the_runtime_ends_every_process
    a_node_port_leads_to_the_running_pods_and_is_kept
    the_same_workload_changes_nothing_and_other_names_are_refused
    an_image_that_is_not_here_is_told_in_the_events
    a_pod_over_its_memory_loses_its_largest_child
    a_start_that_fails_can_be_asked_for_again
    a_daemon_that_forgot_its_tmpdir_is_found_by_its_folder
}

fn lease_id(dseq: u64) -> LeaseId {
    let owner = "akash1angnwmnsv5vkp4jpgkdcunar8efpvennxwwcev".parse().unwrap();
    let provider = "akash1nxq8gmsw2vlz3m68qvyvcf3kh6q269ajvqw6y0".parse().unwrap();
    DeploymentId::new(owner, Dseq::new(dseq).unwrap()).group(1).order(1).bid(provider).lease()
}

fn open(dir: &Path, isolation: Isolation) -> Runtime {
    open_as(dir, isolation, Duration::ZERO, false)
}

fn open_as(dir: &Path, isolation: Isolation, rollout: Duration, main_is_first: bool) -> Runtime {
    let images = Images::new(dir.join("cache")).with("test/sh", Environment::default());
    Runtime::open(Shared {
        dir: dir.join("leases"),
        images,
        isolation,
        tasks: Tasks::under(&CancellationToken::new()),
        ingress: Ingress::default(),
        public_host: "localhost".to_owned(),
        rollout,
        main_is_first,
    })
    .unwrap()
}

fn shell(script: &str) -> Service {
    Service {
        image: "test/sh".into(),
        command: vec!["/bin/sh".into(), "-c".into()],
        args: vec![script.to_owned()],
        count: 1,
        ..Service::default()
    }
}

fn one(service: Service) -> Workload {
    Workload { services: BTreeMap::from([("web".to_owned(), service)]) }
}

async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("in vain: {what}");
}

async fn running(runtime: &Runtime, id: &LeaseId) -> Arc<Pod> {
    let lease = runtime.lease(id).unwrap();
    until("a running pod", || {
        lease.pods().into_iter().find(|p| p.phase() == Phase::Running && !p.is_ending())
    })
    .await
}

/// Waits until the pod's log has this line.
async fn says(pod: &Arc<Pod>, line: &str) {
    until(line, || {
        let text = std::fs::read_to_string(pod.log()?).ok()?;
        text.lines().any(|l| l == line).then_some(())
    })
    .await;
}

async fn log(pod: &Arc<Pod>, last: Option<usize>) -> Vec<String> {
    let mut tail = Tail::open(pod, last, false).await.unwrap();
    let mut lines = Vec::new();
    while let Some(line) = tail.next().await {
        lines.push(line);
    }
    lines
}

fn told(runtime: &Runtime, id: &LeaseId, reason: &str) -> Option<String> {
    let events = runtime.lease(id)?.events.since(0);
    events.into_iter().find(|event| event.reason == reason).map(|event| event.note)
}

async fn gone(runtime: &Runtime, id: &LeaseId) {
    until("the end of the lease", || runtime.lease(id).is_none().then_some(())).await;
}

async fn a_pod_gets_its_own_environment_and_says_what_it_says(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(11));
    let mut service = shell("env; echo to-stderr >&2; echo \"$GREETING\"; echo done; exec sleep 1000");
    service.env = vec!["A=1".into(), "GREETING=hello $(A) $$(A) $(NOPE)".into()];
    runtime.deploy(&id, one(service)).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    says(&pod, "done").await;
    let lines = log(&pod, None).await;
    for wanted in [
        "hello 1 $(A) $(NOPE)".to_owned(),
        "to-stderr".to_owned(),
        format!("HOSTNAME={}", pod.name),
        "AKASH_DEPLOYMENT_SEQUENCE=11".to_owned(),
        "AKASH_CLUSTER_PUBLIC_HOSTNAME=localhost".to_owned(),
        "TZ=UTC".to_owned(),
    ] {
        assert!(lines.contains(&wanted), "{wanted} is not in {lines:#?}");
    }
    let host_only = ["POD_IP=", "RAYAKASH_PORT_BASE=", "TMPDIR="];
    let has = host_only.map(|name| lines.iter().any(|line| line.starts_with(name)));
    assert_eq!(has, [isolation == Isolation::Host; 3], "{lines:#?}");
    assert!(
        !lines.iter().any(|line| line.starts_with("CARGO") || line.starts_with("SANDBOX")),
        "nothing of ours leaks"
    );
    assert!(pod.name.starts_with("web-"));
    assert_eq!(log(&pod, Some(2)).await, ["hello 1 $(A) $(NOPE)", "done"]);
    assert!(told(&runtime, &id, "Started").is_some());
    runtime.stop().await;
}

async fn a_container_that_ends_starts_again_at_once_and_then_later(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(12));
    runtime
        .deploy(&id, one(shell("t=${TMPDIR:-/tmp}; ls \"$t\" | grep -x mine; touch old \"$t/mine\"; exit 3")))
        .unwrap()
        .unwrap();
    let note = until("back-off", || told(&runtime, &id, "BackOff")).await;
    assert!(note.starts_with("Back-off restarting failed container web in pod web-"), "{note}");
    let pod = runtime.lease(&id).unwrap().pods().remove(0);
    assert!(pod.log().unwrap().ends_with("log.2"), "one start and one restart");
    assert_eq!(
        log(&pod, None).await,
        Vec::<String>::new(),
        "the second container found nothing of the first"
    );
    assert_eq!(runtime.lease(&id).unwrap().status().unwrap().services["web"].ready_replicas, 0);
    runtime.teardown(&id, Duration::from_secs(5));
    gone(&runtime, &id).await;
}

/// Starts a child that leaves session and parent, and ignores SIGTERM, as its parent does.
const STUBBORN: &str = "trap 'echo terminated' TERM
setsid sh -c 'trap \"\" TERM; echo daemon $$$$; cd /; while :; do sleep 1; done' &
wait; while :; do sleep 1; done";

async fn nothing_of_a_pod_remains(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(13));
    runtime.deploy(&id, one(shell(STUBBORN))).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    let daemon = daemon(&pod).await;
    let main = pod.main().unwrap();
    runtime.teardown(&id, Duration::from_millis(300));
    says_or_gone(&pod).await;
    gone(&runtime, &id).await;
    assert!(!main.runs() && !daemon.runs());
    assert!(!pod.tmp().exists() && !pod.root().exists());
    assert!(runtime.lease(&id).is_none());
}

/// The process that the pod's log calls its daemon.
async fn daemon(pod: &Arc<Pod>) -> Process {
    until("the daemon", || {
        let text = std::fs::read_to_string(pod.log()?).ok()?;
        let number = text.lines().find_map(|line| line.strip_prefix("daemon "))?;
        inside(pod.main()?, number)
    })
    .await
}

/// The process that is called `number` where `main` is.
fn inside(main: Process, number: &str) -> Option<Process> {
    let namespace = |process: Process| std::fs::read_link(format!("/proc/{}/ns/pid", process.pid)).ok();
    let is_called = |process: &Process| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid)).unwrap_or_default();
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
        numbers.split_ascii_whitespace().next_back() == Some(number)
    };
    let all = Table::look();
    let mut there = all.iter().map(|(process, _)| process).filter(|p| namespace(*p) == namespace(main));
    there.find(is_called)
}

async fn says_or_gone(pod: &Arc<Pod>) {
    until("SIGTERM", || {
        let text = std::fs::read_to_string(pod.log()?).unwrap_or_default();
        (text.contains("terminated") || pod.phase() == Phase::Gone).then_some(())
    })
    .await;
}

async fn a_daemon_whose_parent_died_goes_with_its_container(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(14));
    let script = "setsid sh -c 'echo daemon $$$$; cd /; exec sleep 1000' & sleep 1000";
    runtime.deploy(&id, one(shell(script))).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    let daemon = daemon(&pod).await;
    let main = pod.main().unwrap();
    main.signal(Signal::SIGKILL);
    until("a new container", || pod.main().filter(|now| *now != main)).await;
    assert!(!daemon.runs(), "the new container would meet the old daemon");
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
}

async fn pods_outlive_a_sandbox_that_is_killed_and_are_adopted(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(15));
    let mut service = shell("echo up; exec sleep 1000");
    service.count = 2;
    service.expose = vec![Expose { port: 8080, external: 9000, udp: false, global: true, hosts: Vec::new() }];
    runtime.deploy(&id, one(service)).unwrap().unwrap();
    let lease = runtime.lease(&id).unwrap();
    let both = |lease: Arc<Lease>| {
        move || {
            let pods = lease.pods();
            let up = pods.iter().filter(|p| p.phase() == Phase::Running).count();
            (up == 2).then(|| pods.iter().map(|p| (p.name.clone(), p.main())).collect::<BTreeMap<_, _>>())
        }
    };
    let before = until("two pods", both(lease)).await;
    let port = runtime.lease(&id).unwrap().status().unwrap().forwarded_ports.unwrap()["web"][0].external;
    runtime.abandon().await;
    assert!(before.values().all(|main| main.unwrap().runs()), "they live on");
    let (dead, _) = before.first_key_value().unwrap();
    before[dead].unwrap().signal(Signal::SIGKILL);
    until("its death", || (!before[dead].unwrap().runs()).then_some(())).await;

    let runtime = open(home.path(), isolation);
    let lease = runtime.lease(&id).unwrap();
    let after = until("both pods again", both(Arc::clone(&lease))).await;
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let same = |name: &String| before[name] == after[name];
    assert_eq!(before.keys().filter(|name| same(name)).count(), 1, "one was adopted, one was started again");
    assert_eq!(lease.status().unwrap().forwarded_ports.unwrap()["web"][0].external, port);
    runtime.stop().await;
    assert!(after.values().all(|main| !main.unwrap().runs()));

    let runtime = open(home.path(), isolation);
    running(&runtime, &id).await;
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
}

async fn dropping_the_runtime_ends_every_process(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(16));
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    drop(runtime);
    assert!(!pod.main().unwrap().runs());
}

async fn a_node_port_leads_to_the_running_pods_and_is_kept(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(17));
    let mut service = shell(REVERSES);
    let expose = |external, global| Expose { port: 8080, external, udp: false, global, hosts: Vec::new() };
    service.expose = vec![expose(9000, true), expose(7000, false)];
    runtime.deploy(&id, one(service.clone())).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    says(&pod, "up").await;
    let ports = |runtime: &Runtime| runtime.lease(&id).unwrap().status().unwrap().forwarded_ports.unwrap();
    let forwarded = ports(&runtime)["web"].clone();
    assert_eq!(forwarded.len(), 1, "the inner port gets no forwarder");
    let port = forwarded[0].external;
    assert!((30_000..32_768).contains(&port));
    assert_eq!(ask(port, "ping").await.unwrap(), "gnip");

    service.env = vec!["NEW=1".into()];
    runtime.deploy(&id, one(service)).unwrap().unwrap();
    let newer = running(&runtime, &id).await;
    assert_ne!(pod.name, newer.name, "an update replaces the pod");
    assert_eq!(ports(&runtime)["web"][0].external, port);
    assert_eq!(runtime.lease(&id).unwrap().status().unwrap().services["web"].ready_replicas, 1);
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
    refuses(port).await;
}

/// Listens on port 8080 and says what it hears backwards.
const REVERSES: &str = "exec python3 -c '
import os, socket
door = socket.create_server((os.environ.get(\"POD_IP\", \"\"), 8080))
print(\"up\", flush=True)
while True:
    client, _ = door.accept()
    client.sendall(client.recv(64)[::-1])
    client.close()
'";

/// What a node port answers.
async fn ask(port: u16, text: &str) -> std::io::Result<String> {
    let mut client = TcpStream::connect(("127.0.0.1", port)).await?;
    client.write_all(text.as_bytes()).await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// A forwarder ends a moment after it was told to.
async fn refuses(port: u16) {
    for _ in 0..1000 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("port {port} still listens");
}

async fn the_same_workload_changes_nothing_and_other_names_are_refused(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(18));
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    assert_eq!(running(&runtime, &id).await.main(), pod.main());
    let renamed = Workload { services: BTreeMap::from([("wob".to_owned(), shell("exec sleep 1"))]) };
    assert_eq!(runtime.deploy(&id, renamed).unwrap(), Err(Renamed));
    assert_eq!(running(&runtime, &id).await.name, pod.name);
    runtime.stop().await;
}

#[tokio::test]
async fn a_workload_comes_step_by_step_and_the_last_of_several_runs() {
    let home = TempDir::new().unwrap();
    let runtime = open_as(home.path(), Isolation::Host, Duration::from_millis(100), false);
    let id = lease_id(70);
    runtime.roll_out(&id, one(shell("exec sleep 999")));
    runtime.roll_out(&id, one(shell("exec sleep 1000")));
    assert!(runtime.lease(&id).is_none() && runtime.leases().contains(&id));
    let lease = until("a lease without pods", || runtime.lease(&id)).await;
    assert!(lease.is_empty() && lease.pods().is_empty() && lease.status().is_none());
    let pod = running(&runtime, &id).await;
    assert_eq!((lease.pods().len(), pod.generation), (1, 1));
    let other = lease_id(71);
    runtime.roll_out(&other, one(shell("exec sleep 1000")));
    runtime.teardown(&other, Duration::ZERO);
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
    assert!(!runtime.leases().contains(&other), "called off on its way");
    runtime.stop().await;
}

/// A pod is ready as soon as its process runs, so one that crashes again and again looks well for a moment each time.
#[tokio::test]
async fn a_crash_loop_is_ready_for_a_second() {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), Isolation::Host), lease_id(74));
    runtime.deploy(&id, one(shell("sleep 1; exit 1"))).unwrap().unwrap();
    let lease = runtime.lease(&id).unwrap();
    let pod = lease.pods().remove(0);
    let mut seen = Vec::new();
    until("ready, not ready and ready again", || {
        let ready = lease.status().unwrap().services["web"].ready_replicas;
        if seen.last() != Some(&ready) {
            seen.push(ready);
        }
        seen.ends_with(&[1, 0, 1]).then_some(())
    })
    .await;
    assert_eq!(lease.pods().remove(0).name, pod.name, "the same pod all the time");
    runtime.teardown(&id, Duration::from_secs(5));
    gone(&runtime, &id).await;
}

#[tokio::test]
async fn a_first_process_is_only_told_to_end_when_it_listens() {
    let home = TempDir::new().unwrap();
    let runtime = open_as(home.path(), Isolation::Host, Duration::ZERO, true);
    let (deaf, listens) = (lease_id(72), lease_id(73));
    runtime.deploy(&deaf, one(shell("exec sleep 1000"))).unwrap().unwrap();
    let script = "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done";
    runtime.deploy(&listens, one(shell(script))).unwrap().unwrap();
    running(&runtime, &deaf).await;
    says(&running(&runtime, &listens).await, "up").await;
    let began = tokio::time::Instant::now();
    runtime.teardown(&deaf, Duration::from_secs(2));
    runtime.teardown(&listens, Duration::from_secs(600));
    gone(&runtime, &listens).await;
    gone(&runtime, &deaf).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "it was killed when its grace was over");
    runtime.stop().await;
}

async fn an_image_that_is_not_here_is_told_in_the_events(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(19));
    runtime
        .deploy(&id, one(Service { image: "nginx:1".into(), count: 1, ..Service::default() }))
        .unwrap()
        .unwrap();
    let note = until("the failure", || told(&runtime, &id, "Failed")).await;
    assert!(note.starts_with("Failed to pull image \"nginx:1\""), "{note}");
    let lease = runtime.lease(&id).unwrap();
    until("the back-off", || (!lease.pulls()).then_some(())).await;
    assert!(Tail::open(&lease.pods()[0], None, false).await.is_none(), "it never said anything");
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
}

async fn a_pod_over_its_memory_loses_its_largest_child(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(20));
    // Without a limit the child holds 64 MiB in a shell variable for ever.
    let script =
        "sh -c 'x=$(head -c 67108864 /dev/zero | tr \"\\0\" x); echo held; while :; do sleep 1; done'
echo child gone; while :; do sleep 1; done";
    let service = Service { memory: 48 << 20, ..shell(script) };
    runtime.deploy(&id, one(service)).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    says(&pod, "child gone").await;
    assert!(told(&runtime, &id, "OOMKilling").is_some());
    assert_eq!(pod.phase(), Phase::Running, "the main process lives");
    runtime.teardown(&id, Duration::from_millis(100));
    gone(&runtime, &id).await;
}

async fn a_start_that_fails_can_be_asked_for_again(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let id = lease_id(21);
    let in_the_way = home.path().join("leases").join(namespace::namespace(&id)).join("lease.json");
    std::fs::create_dir_all(&in_the_way).unwrap();
    let runtime = open(home.path(), isolation);
    assert!(runtime.deploy(&id, one(shell("exec sleep 1000"))).is_err());
    assert!(runtime.lease(&id).unwrap().pods().is_empty());
    std::fs::remove_dir(&in_the_way).unwrap();
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    running(&runtime, &id).await;
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
}

#[test]
fn after_a_new_start_of_the_machine_a_pods_number_is_a_strangers() {
    let home = TempDir::new().unwrap();
    let mut stranger = std::process::Command::new("/bin/sleep").arg("1000").process_group(0).spawn().unwrap();
    let process = Process::now(stranger.id().try_into().unwrap()).unwrap();
    let place = Place::find(Isolation::Host, std::iter::empty()).unwrap();
    let pod = Pod::create(home.path(), place, "web-1".into(), ("web", 1)).unwrap();
    pod.began(process, None).unwrap();
    drop(pod);
    let file = home.path().join("pod.json");
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(Pod::restore(home.path(), Isolation::Host).unwrap().main(), Some(process));
    record["boot"] = "another".into();
    std::fs::write(&file, record.to_string()).unwrap();
    let pod = Pod::restore(home.path(), Isolation::Host).unwrap();
    assert_eq!(pod.main(), None);
    assert!(pod.marks().kill_blocking(5).is_empty());
    assert!(process.runs());
    pod.remove();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

async fn a_daemon_that_forgot_its_tmpdir_is_found_by_its_folder(isolation: Isolation) {
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(22));
    let script = "setsid env -i sh -c 'echo daemon $$$$; while :; do sleep 1; done' & wait";
    runtime.deploy(&id, one(shell(script))).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    let daemon = daemon(&pod).await;
    pod.main().unwrap().signal(Signal::SIGKILL);
    until("its end", || (!daemon.runs()).then_some(())).await;
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
}

#[test]
fn the_table_is_not_empty() {
    assert!(Table::look().iter().any(|(process, _)| process.pid == getpid().as_raw()));
}
