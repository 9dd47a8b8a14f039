//! The life of one pod: image, start, restart with back-off, end.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use akash_types::LeaseId;
use nix::sys::signal::Signal;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::environment::{About, Variables, expand, variables};
use super::events::Events;
use super::image::{Environment, Images};
use super::network::{self, Network};
use super::place::Place;
use super::pod::{Phase, Pod};
use super::process::Process;
use super::workload::Service;
use crate::private;

/// The longest pause between two starts, as kubelet has it.
const LONGEST: Duration = Duration::from_secs(300);
/// A container that ran this long starts without a pause again.
const FORGIVEN: Duration = Duration::from_secs(600);
/// How often an adopted process is looked at; it is not our child, so nobody tells us when it ends.
const LOOK: Duration = Duration::from_millis(200);

/// Everything that a pod needs to live.
pub(crate) struct Life {
    pub(crate) pod: Arc<Pod>,
    pub(crate) service: Service,
    pub(crate) lease: LeaseId,
    pub(crate) public_host: String,
    pub(crate) links: Variables,
    pub(crate) head: Variables,
    /// The lease's own network, where it has one.
    pub(crate) network: Option<Arc<Network>>,
    pub(crate) images: Images,
    /// What it takes to make a container.
    pub(crate) rollout: Duration,
    /// Whether SIGTERM comes only to a main process that handles it.
    pub(crate) main_is_first: bool,
    pub(crate) events: Arc<Events>,
    /// The pod's id in its cluster.
    pub(crate) uid: String,
}

/// A running main process.
enum Main {
    Ours(Child, Process),
    Adopted(Process),
}

impl Main {
    const fn process(&self) -> Process {
        match self {
            Self::Ours(_, process) | Self::Adopted(process) => *process,
        }
    }

    /// Ends with the process; says how it ended, where that is known.
    async fn wait(&mut self) -> String {
        match self {
            Self::Ours(child, _) => {
                child.wait().await.map_or_else(|e| e.to_string(), |status| status.to_string())
            }
            Self::Adopted(process) => {
                while process.runs() {
                    sleep(LOOK).await;
                }
                "unknown, it ran before this sandbox".to_owned()
            }
        }
    }
}

/// The pause before each start: none, 10 s, 20 s, … as kubelet makes it.
#[derive(Default)]
struct Backoff {
    next: Duration,
}

impl Backoff {
    /// The pause after a container that ran this long.
    fn pause(&mut self, ran: Duration) -> Duration {
        if ran > FORGIVEN {
            self.next = Duration::ZERO;
        }
        let pause = self.next;
        self.next = (self.next * 2).clamp(Duration::from_secs(10), LONGEST);
        pause
    }
}

/// Ends when the pod was told to end.
async fn told(stops: &mut watch::Receiver<Option<Duration>>) -> Duration {
    match stops.wait_for(Option::is_some).await {
        Ok(grace) => grace.unwrap_or_default(),
        Err(_) => Duration::ZERO,
    }
}

impl Life {
    /// Lives until the pod is told to end; then nothing of it is left. Dropped halfway, it leaves everything as it is,
    /// for the next sandbox to adopt.
    pub(crate) async fn live(self) {
        let mut stops = self.pod.stops();
        let adopted = self.pod.main().filter(|main| main.runs() && !self.is_cut_off());
        let mut main = adopted.map(Main::Adopted);
        if main.is_some()
            && let Some(environment) = self.images.ready(&self.service.image)
        {
            self.pod.set_environment(self.variables(&environment));
        }
        if main.is_none() {
            // Somebody may have survived the main process of an earlier life.
            self.pod.marks().kill().await;
        }
        let mut backoff = Backoff::default();
        loop {
            let running = match main.take() {
                Some(adopted) => Some(adopted),
                None => tokio::select! {
                    running = self.start() => running,
                    _ = told(&mut stops) => break,
                },
            };
            let began = Instant::now();
            let ended = match running {
                Some(running) => self.run(running, &mut stops).await,
                None => Some("it did not start".to_owned()),
            };
            self.pod.marks().kill().await;
            let Some(how) = ended else { break };
            self.pod.set_phase(Phase::Waiting);
            tracing::info!(pod = self.pod.name, how, "container ended");
            let pause = backoff.pause(began.elapsed());
            if !pause.is_zero() {
                self.tell_backoff();
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = told(&mut stops) => break,
            }
        }
        self.end().await;
    }

    fn tell_backoff(&self) {
        let (service, pod) = (&self.pod.service, &self.pod.name);
        let (namespace, uid) = (self.events.namespace(), &self.uid);
        let note = format!("Back-off restarting failed container {service} in pod {pod}_{namespace}({uid})");
        self.events.warning(pod, "BackOff", note);
    }

    /// Waits for the image however long it takes, and then as long as a container is in the making.
    async fn image(&self) -> Environment {
        let environment = self.pulled().await;
        sleep(self.rollout).await;
        environment
    }

    async fn pulled(&self) -> Environment {
        let (image, name) = (&self.service.image, self.pod.name.as_str());
        if let Some(environment) = self.images.ready(image) {
            let note = format!("Container image \"{image}\" already present on machine");
            self.events.normal(name, "Pulled", note);
            return environment;
        }
        let mut pause = Duration::from_secs(10);
        loop {
            self.pod.set_phase(Phase::Creating);
            self.events.normal(name, "Pulling", format!("Pulling image \"{image}\""));
            let began = Instant::now();
            match self.images.pull(image).await {
                Ok(environment) => {
                    let took = began.elapsed().as_millis();
                    let note = format!("Successfully pulled image \"{image}\" in {took}ms");
                    self.events.normal(name, "Pulled", note);
                    return environment;
                }
                Err(problem) => {
                    let mut note = problem.to_string();
                    if let Some(first) = note.get_mut(..1) {
                        first.make_ascii_uppercase();
                    }
                    self.events.warning(name, "Failed", note);
                    self.events.warning(name, "Failed", "Error: ErrImagePull");
                }
            }
            self.pod.set_phase(Phase::Waiting);
            self.events.normal(name, "BackOff", format!("Back-off pulling image \"{image}\""));
            self.events.warning(name, "Failed", "Error: ImagePullBackOff");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    fn is_cut_off(&self) -> bool {
        self.pod.is_cut_off(self.network.as_deref())
    }

    /// Gets the image and starts the container; `None` when that failed, which the events tell.
    async fn start(&self) -> Option<Main> {
        let environment = self.image().await;
        let (name, service) = (self.pod.name.as_str(), self.pod.service.as_str());
        match self.begin(&environment).await {
            Ok(main) => {
                self.events.normal(name, "Created", format!("Created container: {service}"));
                self.events.normal(name, "Started", format!("Started container {service}"));
                Some(main)
            }
            Err(problem) => {
                self.events.warning(
                    name,
                    "Failed",
                    format!("Error: failed to start container {service}: {problem}"),
                );
                None
            }
        }
    }

    async fn begin(&self, environment: &Environment) -> io::Result<Main> {
        let holder = match &self.network {
            Some(network) => Some(network.ensure().await?),
            None => None,
        };
        let log = self.pod.begin()?;
        self.pod.clear()?;
        let mut child = self.spawn(environment, &log)?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let mut process = pid.and_then(Process::now).ok_or_else(|| io::Error::other("it ended at once"))?;
        if self.network.is_some() {
            let first = network::first_process(process, &mut child, &log).await?;
            process = first.unwrap_or(process);
        }
        self.pod.began(process, holder)?;
        Ok(Main::Ours(child, process))
    }

    fn variables(&self, environment: &Environment) -> Variables {
        let root = self.pod.root();
        variables(&About {
            lease: &self.lease,
            public_host: &self.public_host,
            service: &self.service,
            name: self.pod.host_name(),
            place: &self.pod.place,
            tmp: &self.pod.tmp().to_string_lossy(),
            home: &root.join("home").to_string_lossy(),
            layer: &root.join("layer").to_string_lossy(),
            path: &environment.path,
            links: &self.links,
            head: &self.head,
        })
    }

    fn spawn(&self, environment: &Environment, log: &Path) -> io::Result<Child> {
        let log = private::options().create(true).append(true).open(log)?;
        let root = self.pod.root();
        let vars = self.variables(environment);
        self.pod.set_environment(vars.clone());
        let words = self.service.command.iter().chain(&self.service.args);
        let mut words = words.map(|word| expand(word, &vars));
        let program = words.next().unwrap_or_else(|| "/bin/sh".to_owned());
        let mut command = match (&self.network, &self.pod.place) {
            (Some(network), Place::Network(address)) => {
                let mut command = self.contained(network, *address, environment)?;
                command.arg(program).env_clear().envs(&vars).env(network::TMP, self.pod.tmp());
                command
            }
            _ => {
                let mut command = Command::new(program);
                command.env_clear().envs(&vars);
                command
            }
        };
        command
            .args(words)
            .current_dir(&root)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
    }

    fn contained(
        &self,
        network: &Network,
        address: Ipv4Addr,
        environment: &Environment,
    ) -> io::Result<Command> {
        let (root, notes) = (self.pod.root(), self.pod.notes());
        // The programs of an image need what is beside them.
        let image = environment.path.iter().filter_map(|folder| folder.parent());
        network.container(&network::Container {
            address,
            name: self.pod.host_name(),
            shm: self.service.shm_size(),
            notes: &notes,
            folders: &std::iter::once(root.as_path()).chain(image).collect::<Vec<_>>(),
        })
    }

    /// Waits for the main process; says how it ended by itself, or `None` when the pod was told to end.
    async fn run(&self, mut main: Main, stops: &mut watch::Receiver<Option<Duration>>) -> Option<String> {
        self.pod.set_phase(Phase::Running);
        let grace = tokio::select! {
            how = main.wait() => return Some(how),
            grace = told(stops) => grace,
        };
        self.pod.set_phase(Phase::Ending);
        let note = format!("Stopping container {}", self.pod.service);
        self.events.normal(&self.pod.name, "Killing", note);
        if !self.main_is_first || main.process().handles(Signal::SIGTERM) {
            main.process().signal(Signal::SIGTERM);
        }
        let mut deadline = Instant::now() + grace;
        loop {
            tokio::select! {
                _ = main.wait() => break,
                () = sleep_until(deadline) => break,
                Ok(()) = stops.changed() => {
                    let sooner = stops.borrow_and_update().unwrap_or(grace);
                    deadline = deadline.min(Instant::now() + sooner);
                }
            }
        }
        self.pod.marks().kill().await;
        if timeout(Duration::from_secs(5), main.wait()).await.is_err() {
            tracing::warn!(pod = self.pod.name, "a process would not die");
        }
        None
    }

    /// Leaves nothing.
    async fn end(&self) {
        self.pod.set_phase(Phase::Ending);
        let left = self.pod.marks().kill().await;
        if !left.is_empty() {
            tracing::warn!(pod = self.pod.name, ?left, "processes would not die");
        }
        let pod = Arc::clone(&self.pod);
        let removed = tokio::task::spawn_blocking(move || pod.remove()).await;
        if let Err(problem) = removed {
            tracing::warn!(pod = self.pod.name, %problem, "folders not removed");
        }
        self.pod.set_phase(Phase::Gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_as_kubelets_do_and_are_forgiven() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..7).map(|_| backoff.pause(Duration::from_secs(1)).as_secs()).collect();
        assert_eq!(pauses, [0, 10, 20, 40, 80, 160, 300]);
        assert_eq!(backoff.pause(Duration::from_secs(601)).as_secs(), 0, "it ran for more than ten minutes");
    }
}
