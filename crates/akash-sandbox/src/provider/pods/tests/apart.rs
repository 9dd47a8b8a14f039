//! What only namespaces give: a container that is as a provider makes it, and a network that nobody else is on.

use super::super::network::Network;
use super::super::{Exec, Expose, Isolation, Line, Privilege, read};
use super::*;

/// Every way of making namespaces that this machine has.
async fn each_way() -> Vec<Isolation> {
    let folder = TempDir::new().unwrap();
    let mut ways = Vec::new();
    for privilege in [Privilege::Root, Privilege::UserNamespace] {
        match network::try_out(privilege, &folder.path().join("probe")).await {
            Ok(Ok(())) => ways.push(Isolation::Namespaces(privilege)),
            Ok(Err(why)) => {
                skipped(&format!("{privilege:?}: {why}"));
                ways.push(Isolation::Namespaces(privilege));
            }
            Err(why) => skipped(&format!("no namespaces by {privilege:?}: {why}")),
        }
    }
    ways
}

fn inner(port: u16) -> Vec<Expose> {
    vec![Expose { port, external: port, udp: false, global: false, hosts: Vec::new() }]
}

fn holder(runtime: &Runtime, id: &LeaseId) -> Option<Process> {
    runtime.lease(id)?.network.as_deref().and_then(Network::holder)
}

const LOOKS: &str = "echo name $(hostname); echo number $$$$
echo shm $(df --output=size --block-size=1 /dev/shm | tail -n 1)
echo first $(tr \"\\0\" \" \" </proc/1/cmdline | head -c 7)
echo processes $(ls /proc | grep -c \"^[0-9]\")
echo interfaces $(ls /proc/sys/net/ipv4/conf | tr \"\\n\" \" \")
echo can $(grep -c \"^Cap...:.0000000000000000\" /proc/self/status)
echo address $(getent hosts $(hostname) | cut -d\" \" -f1)
echo web $(getent hosts web | cut -d\" \" -f1)
echo nobody $(getent hosts nobody || echo none)
echo tmp $(ls /tmp | grep -vc \"^tmp\\|^\\.tmp\")
echo done; exec sleep 1000";

#[tokio::test]
async fn a_container_is_as_a_provider_makes_it() {
    for isolation in each_way().await {
        let home = TempDir::new().unwrap();
        let (runtime, id) = (open(home.path(), isolation), lease_id(31));
        let service = Service { shm: 48 << 20, expose: inner(8080), ..shell(LOOKS) };
        runtime.deploy(&id, one(service)).unwrap().unwrap();
        let pod = running(&runtime, &id).await;
        says(&pod, "done").await;
        let wanted = [
            format!("name {}", pod.name),
            "number 1".to_owned(),
            format!("shm {}", 48 << 20),
            "first /bin/sh".to_owned(),
            format!("address {}", pod.place.ip()),
            format!("web {}", pod.place.ip()),
            "nobody none".to_owned(),
            "interfaces all default eth0 lo".to_owned(),
            "can 5".to_owned(),
            "tmp 0".to_owned(),
        ];
        let lines = log(&pod, None).await;
        for wanted in wanted {
            assert!(lines.contains(&wanted), "{isolation:?}: {wanted} is not in {lines:#?}");
        }
        let holder = holder(&runtime, &id).unwrap();
        runtime.teardown(&id, Duration::from_millis(100));
        gone(&runtime, &id).await;
        assert!(!holder.runs(), "the network goes with its lease");
    }
}

#[tokio::test]
async fn another_command_runs_in_the_container_with_no_more_rights() {
    for isolation in each_way().await {
        let home = TempDir::new().unwrap();
        let (runtime, id) = (open(home.path(), isolation), lease_id(38));
        runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
        let pod = running(&runtime, &id).await;
        let line = |script: &str| Line {
            words: ["sh", "-c", script].map(str::to_owned).to_vec(),
            terminal: false,
            input: false,
        };
        let script = "hostname; pwd; ls /proc | grep -c '^[0-9]*$'; grep -c '^Cap...:.0000000000000000' /proc/self/status";
        let mut exec = Exec::start(&pod, &line(script)).unwrap();
        let mut said = Vec::new();
        while let Some(chunk) = read(&mut exec.output).await {
            said.extend(chunk);
        }
        let said = String::from_utf8(said).unwrap();
        let [name, folder, processes, bare] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
        assert_eq!((name, bare), (pod.name.as_str(), "5"), "{isolation:?}: {said}");
        assert_eq!(Path::new(folder), pod.root());
        assert!(processes.parse::<u32>().unwrap() < 8, "it sees only the container's: {said}");
        assert_eq!(exec.wait().await.unwrap(), 0);
        let missing = Exec::start(&pod, &Line { words: vec!["no-such-program".to_owned()], ..line("") });
        assert_eq!(missing.err().map(|e| e.kind()), Some(std::io::ErrorKind::NotFound));
        runtime.teardown(&id, Duration::from_millis(100));
        gone(&runtime, &id).await;
    }
}

/// Listens on port 8080 and says which lease it is of.
const LISTENS: &str = "exec python3 -c '
import os, socket
door = socket.create_server((\"\", 8080), backlog=64)
print(\"up\", flush=True)
while True:
    client, _ = door.accept()
    client.sendall(os.environ[\"AKASH_DEPLOYMENT_SEQUENCE\"].encode())
    client.close()
'";

/// Connects to every place in `PLACES`, and to its own service by name, and tells who answered.
const ASKS: &str = "exec python3 -c '
import os, socket, time
def ask(place):
    host, port = place.rsplit(\":\", 1)
    try:
        s = socket.create_connection((host, int(port)), timeout=3)
    except OSError:
        return \"nothing\"
    try:
        return s.recv(64).decode()
    except OSError:
        return \"silence\"
while ask(\"listens:8080\") != os.environ[\"AKASH_DEPLOYMENT_SEQUENCE\"]:
    time.sleep(0.05)
for place in os.environ[\"PLACES\"].split():
    print(place, ask(place), flush=True)
print(\"done\", flush=True)
time.sleep(1000)
'";

#[tokio::test]
async fn nobody_of_another_lease_or_of_the_host_answers() {
    for isolation in each_way().await {
        let home = TempDir::new().unwrap();
        let (runtime, one_id, other_id) = (open(home.path(), isolation), lease_id(41), lease_id(42));
        let global = Expose { global: true, external: 9000, ..inner(8080).remove(0) };
        let listens = Service { expose: [inner(8080), vec![global]].concat(), ..shell(LISTENS) };
        // More pods than the first lease has, so at addresses that it has not.
        runtime.deploy(&other_id, one(Service { count: 4, ..listens.clone() })).unwrap().unwrap();
        let other = runtime.lease(&other_id).unwrap();
        let all_listen = || {
            let pods = other.pods();
            let up = |pod: &Arc<Pod>| {
                std::fs::read_to_string(pod.log()?).ok()?.contains("up").then(|| pod.place.ip())
            };
            pods.iter().map(up).collect::<Option<Vec<_>>>()
        };
        let addresses = until("the other lease", all_listen).await;
        let port = other.status().unwrap().forwarded_ports.unwrap()["web"][0].external;
        assert_eq!(ask(port, "").await.unwrap(), "42", "it answers those who may ask");
        let host = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let on_host = host.local_addr().unwrap().port();

        let mut places: Vec<String> = addresses.iter().map(|address| format!("{address}:8080")).collect();
        let hosts = ["127.0.0.1", "10.77.0.1", "10.78.0.2", "::1"];
        places.extend([on_host, port].iter().flat_map(|port| hosts.map(|host| format!("{host}:{port}"))));
        places.extend(own_addresses().iter().map(|address| format!("{address}:{on_host}")));
        let asks = Service { env: vec![format!("PLACES={}", places.join(" "))], ..shell(ASKS) };
        let services = [("asks".to_owned(), asks), ("listens".to_owned(), listens)];
        runtime.deploy(&one_id, Workload { services: services.into() }).unwrap().unwrap();
        let lease = runtime.lease(&one_id).unwrap();
        let asker = lease.pods().into_iter().find(|pod| pod.service == "asks").unwrap();
        says(&asker, "done").await;
        let own: Vec<_> = lease.pods().iter().map(|pod| format!("{}:8080", pod.place.ip())).collect();
        let mut lines = log(&asker, None).await;
        assert_eq!(lines.pop().as_deref(), Some("done"));
        assert_eq!(lines.len(), places.len());
        for (line, place) in lines.iter().zip(&places) {
            // Two leases may have pods at one address; who answers there is then of its own.
            let ours = own.contains(place) && *line == format!("{place} 41");
            assert!(ours || *line == format!("{place} nothing"), "{isolation:?}: {lines:#?}");
        }
        assert!(places.iter().any(|place| !own.contains(place) && place.ends_with(":8080")));
        for id in [one_id, other_id] {
            runtime.teardown(&id, Duration::from_millis(100));
            gone(&runtime, &id).await;
        }
    }
}

/// Another machine, as far as this one can tell: a network namespace with a program that answers, and a cable to it. Ends when dropped.
struct Elsewhere {
    program: std::process::Child,
    address: String,
}

impl Elsewhere {
    /// None, with a word on why, where this test may not make a cable.
    fn new() -> Option<Self> {
        let answers = "import socket\ndoor = socket.create_server((\"\", 8080))\nwhile True:\n c, _ = door.accept()\n c.sendall(b\"elsewhere\")\n c.close()";
        let mut program = std::process::Command::new("unshare");
        program.args(["--net", "--kill-child", "python3", "-c", answers]);
        let program = program.spawn().unwrap();
        // A network of documentation's own, and of it a part for each process that runs this.
        let (number, pid) = (getpid().as_raw() % 63 * 4, program.id());
        let [here, there] = [1, 2].map(|n| format!("198.51.100.{}", number + n));
        let elsewhere = Self { program, address: format!("{there}:8080") };
        let cable = format!(
            "PATH=$PATH:/sbin:/usr/sbin; set -e
             until [ \"$(readlink /proc/{pid}/ns/net)\" != \"$(readlink /proc/self/ns/net)\" ]; do sleep 0.01; done
             ip link add name rkt{number} type veth peer name eth0 netns {pid}
             ip address add {here}/30 dev rkt{number}; ip link set rkt{number} up
             nsenter --target {pid} --net sh -c 'ip address add {there}/30 dev eth0; ip link set eth0 up; ip link set lo up'"
        );
        let laid = std::process::Command::new("/bin/sh").args(["-c", &cable]).output().unwrap();
        if !laid.status.success() {
            skipped(&format!("no cable can be laid: {}", String::from_utf8_lossy(&laid.stderr).trim()));
            return None;
        }
        Some(elsewhere)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // The cable goes with its other end.
        self.program.kill().ok();
        self.program.wait().ok();
    }
}

#[tokio::test]
async fn a_pod_gets_out_and_the_way_goes_with_the_network() {
    let Some(elsewhere) = Elsewhere::new() else { return };
    for isolation in each_way().await {
        let home = TempDir::new().unwrap();
        let (runtime, id) = (open(home.path(), isolation), lease_id(43));
        let asks =
            Service { env: vec![format!("PLACES={} 10.99.99.99:80", elsewhere.address)], ..shell(ASKS) };
        let listens = Service { expose: inner(8080), ..shell(LISTENS) };
        let services = [("asks".to_owned(), asks), ("listens".to_owned(), listens)];
        runtime.deploy(&id, Workload { services: services.into() }).unwrap().unwrap();
        let lease = runtime.lease(&id).unwrap();
        let asker = lease.pods().into_iter().find(|pod| pod.service == "asks").unwrap();
        says(&asker, "done").await;
        let wanted = [format!("{} elsewhere", elsewhere.address), "10.99.99.99:80 nothing".to_owned()];
        assert_eq!(log(&asker, None).await[..2], wanted, "{isolation:?}");
        let holder = holder(&runtime, &id).unwrap();
        let leads_out = || {
            let ours = Table::look().iter().map(|(process, _)| process).find(|process| {
                let line = std::fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
                let mut words = line.split(|byte| *byte == 0);
                words.next().is_some_and(|word| word.ends_with(b"slirp4netns"))
                    && words.any(|word| word == holder.pid.to_string().as_bytes())
            });
            ours.filter(|process| process.runs())
        };
        assert!(leads_out().is_some());
        // As when a sandbox is killed: the holder goes, and nobody is there to end what leads out.
        holder.signal(Signal::SIGKILL);
        until("the end of the way out", || leads_out().is_none().then_some(())).await;
        runtime.teardown(&id, Duration::from_millis(100));
        gone(&runtime, &id).await;
    }
}

/// The addresses of this machine other than loopback ones, as a datagram that is never sent would carry them.
fn own_addresses() -> Vec<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let address = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    address.map(|address| address.ip().to_string()).into_iter().collect()
}

#[tokio::test]
async fn a_network_that_is_killed_is_made_anew_with_its_pods() {
    let Some(isolation) = namespaces().await else { return };
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(33));
    let global = Expose { global: true, external: 9000, ..inner(8080).remove(0) };
    runtime.deploy(&id, one(Service { expose: vec![global], ..shell(REVERSES) })).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    says(&pod, "up").await;
    let (main, before) = (pod.main().unwrap(), holder(&runtime, &id).unwrap());
    before.signal(Signal::SIGKILL);
    until("another container", || pod.main().filter(|now| *now != main)).await;
    says(&pod, "up").await;
    assert_ne!(holder(&runtime, &id), Some(before));
    assert!(told(&runtime, &id, "NetworkNotReady").is_some());
    let lease = runtime.lease(&id).unwrap();
    let port = lease.status().unwrap().forwarded_ports.unwrap()["web"][0].external;
    assert_eq!(ask(port, "abc").await.unwrap(), "cba");
    let nobody = (pod.place.ip(), 9).into();
    let refused = lease.network.as_deref().unwrap().connect(nobody).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused, "as the kernel said it there");
    runtime.stop().await;
}

#[tokio::test]
async fn a_container_is_found_without_its_parent() {
    let Some(isolation) = namespaces().await else { return };
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(38));
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    let main = pod.main().unwrap();
    until("the command", || {
        let environment = std::fs::read(format!("/proc/{}/environ", main.pid)).ok()?;
        (!environment.is_empty() && !String::from_utf8_lossy(&environment).contains("SANDBOX")).then_some(())
    })
    .await;
    // As when the pod was told to end before anybody saw process 1: its parent is killed, and it is in no group that we know.
    let marks = sweep::Marks { main: None, ..pod.marks() };
    let parent = marks.find(&Table::look()).into_iter().find(|process| *process != main).unwrap();
    runtime.abandon().await;
    parent.signal(Signal::SIGKILL);
    until("the parent's end", || (!parent.runs()).then_some(())).await;
    assert!(main.runs());
    assert!(marks.find(&Table::look()).contains(&main));
    let runtime = open(home.path(), isolation);
    runtime.teardown(&id, Duration::from_millis(100));
    gone(&runtime, &id).await;
    assert!(!main.runs());
}

#[tokio::test]
async fn a_container_that_cannot_be_made_is_told_in_the_events() {
    let Some(isolation) = namespaces().await else { return };
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(36));
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    let main = running(&runtime, &id).await.main().unwrap();
    let mut cut = std::process::Command::new("nsenter");
    cut.args(["--target", &holder(&runtime, &id).unwrap().pid.to_string(), "--net"]);
    if isolation == Isolation::Namespaces(Privilege::UserNamespace) {
        cut.args(["--user", "--preserve-credentials"]);
    }
    assert!(cut.args(["/bin/sh", "-c", "PATH=$PATH:/sbin ip link delete pods"]).status().unwrap().success());
    main.signal(Signal::SIGKILL);
    let note = until("the failure", || told(&runtime, &id, "Failed")).await;
    assert!(note.starts_with("Error: failed to start container web: "), "{note}");
    assert!(note.ends_with("does not exist"), "{note}");
    runtime.teardown(&id, Duration::from_secs(1));
    gone(&runtime, &id).await;
}

#[tokio::test]
async fn a_long_name_is_cut_as_kubernetes_does() {
    let Some(isolation) = namespaces().await else { return };
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(37));
    let service = "s".repeat(57);
    let services = BTreeMap::from([(service.clone(), shell("hostname; echo $HOSTNAME; exec sleep 1000"))]);
    runtime.deploy(&id, Workload { services }).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    says(&pod, &pod.name[..63]).await;
    until("both", || (std::fs::read_to_string(pod.log()?).ok()?.lines().count() == 2).then_some(())).await;
    assert_eq!(log(&pod, None).await, vec![pod.name[..63].to_owned(); 2]);
    runtime.teardown(&id, Duration::from_millis(100));
    gone(&runtime, &id).await;
}

#[tokio::test]
async fn after_the_sandbox_the_network_ends_with_its_last_pod() {
    let Some(isolation) = namespaces().await else { return };
    let home = TempDir::new().unwrap();
    let (runtime, id) = (open(home.path(), isolation), lease_id(34));
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    let pod = running(&runtime, &id).await;
    let main = pod.main().unwrap();
    let holder = holder(&runtime, &id).unwrap();
    runtime.abandon().await;
    assert!(main.runs() && holder.runs(), "both are there for the next sandbox");
    main.signal(Signal::SIGKILL);
    until("the end of the network", || (!holder.runs()).then_some(())).await;
    pod.remove();
}

#[tokio::test]
async fn pods_that_were_kept_apart_in_another_way_are_replaced() {
    let Some(isolation) = namespaces().await else { return };
    let home = TempDir::new().unwrap();
    let id = lease_id(35);
    let mut runtime = open(home.path(), isolation);
    runtime.deploy(&id, one(shell("exec sleep 1000"))).unwrap().unwrap();
    for next in [Isolation::Host, isolation] {
        let pod = running(&runtime, &id).await;
        let (main, network) = (pod.main().unwrap(), holder(&runtime, &id));
        runtime.abandon().await;
        runtime = open(home.path(), next);
        assert_ne!(running(&runtime, &id).await.name, pod.name);
        assert!(!main.runs() && network.is_none_or(|holder| !holder.runs()));
    }
    runtime.stop().await;
}
