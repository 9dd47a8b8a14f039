//! Everything that can be asked of the daemon, and with which scope.

/// What a caller must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Look.
    Read,
    /// Change, and spend.
    Write,
    /// See secrets, or reach into a cluster.
    Secret,
}

impl Scope {
    /// The word, as tokens and the OpenAPI document have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Secret => "secret",
        }
    }
}

/// The HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Looks.
    Get,
    /// Asks for something to be done.
    Post,
    /// Writes a wish.
    Put,
    /// Withdraws it.
    Delete,
}

/// What an answer holds. The names are those of the types in [`crate::v1`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One JSON value.
    Json(&'static str),
    /// Server-sent events, each with a JSON value.
    Events(&'static str),
    /// One JSON value per line; a problem as the last one says why there are no more.
    Lines(&'static str),
    /// Any JSON object.
    Document,
    /// Nothing.
    Empty,
    /// The connection, as raw bytes in both directions.
    Bytes,
}

/// One thing that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may ask.
    pub scope: Scope,
    /// What it does.
    pub summary: &'static str,
    /// Parameters of the query, all optional, and what they mean.
    pub query: &'static [(&'static str, &'static str)],
    /// The type of the body.
    pub body: Option<&'static str>,
    /// The status when it went well, and what that means.
    pub done: (u16, &'static str),
    /// What the answer holds then.
    pub answer: Answer,
}

const fn read(path: &'static str, summary: &'static str, answer: Answer) -> Route {
    let done = (200, "As it is now.");
    Route { method: Method::Get, path, scope: Scope::Read, summary, query: &[], body: None, done, answer }
}

const fn act(method: Method, path: &'static str, summary: &'static str, answer: Answer) -> Route {
    let done = (200, "Done.");
    Route { method, path, scope: Scope::Write, summary, query: &[], body: None, done, answer }
}

/// Every route. What is not here is not served.
pub const ROUTES: &[Route] = &[
    read("/livez", "Whether the daemon's loop runs.", Answer::Json("Health")),
    Route {
        done: (200, "Ready; 503 with the same body when it is not."),
        ..read("/readyz", "Whether the daemon can do its work.", Answer::Json("Health"))
    },
    read("/openapi.json", "This document.", Answer::Document),
    read("/v1/version", "The daemon about itself.", Answer::Json("Version")),
    Route {
        done: (202, "It stops. Clusters go on."),
        ..act(Method::Post, "/v1/shutdown", "Stop the daemon.", Answer::Empty)
    },
    read("/v1/clusters", "All clusters.", Answer::Json("ClusterList")),
    read("/v1/clusters/{name}", "One cluster.", Answer::Json("ClusterStatus")),
    Route {
        body: Some("Apply"),
        done: (200, "The wish is written down; the revision has grown when it differs from the one before."),
        ..act(Method::Put, "/v1/clusters/{name}", "Wish for a cluster.", Answer::Json("ClusterStatus"))
    },
    Route {
        done: (202, "The wish is withdrawn; the cluster closes."),
        ..act(Method::Delete, "/v1/clusters/{name}", "Take a cluster down.", Answer::Json("ClusterStatus"))
    },
    Route {
        scope: Scope::Read,
        body: Some("PlanRequest"),
        ..act(
            Method::Post,
            "/v1/clusters/{name}/plan",
            "What a wish would do. Changes nothing.",
            Answer::Json("Plan"),
        )
    },
    Route {
        query: &[
            ("cluster", "Only of this cluster."),
            ("after", "Only those with a greater number; 0: from the first; absent: from now on."),
            ("follow", "`false`: end after those of the past."),
        ],
        done: (
            200,
            "Events, those of the past first. A `resync` event says that some were missed: resume from the last id.",
        ),
        ..read(
            "/v1/events",
            "What happens, as it happens; resumes behind `Last-Event-ID`.",
            Answer::Events("Event"),
        )
    },
    Route {
        scope: Scope::Secret,
        query: &[("node", "Only of this node."), ("follow", "`true`: go on as lines are printed.")],
        ..read("/v1/clusters/{name}/logs", "What the containers print.", Answer::Lines("LogLine"))
    },
    Route {
        body: Some("Submit"),
        done: (201, "Ray has taken the job."),
        ..act(Method::Post, "/v1/clusters/{name}/jobs", "Submit a job.", Answer::Json("JobId"))
    },
    read("/v1/clusters/{name}/jobs/{id}", "One job.", Answer::Json("Job")),
    Route {
        scope: Scope::Secret,
        query: &[("follow", "`true`: go on until the job ends.")],
        ..read("/v1/clusters/{name}/jobs/{id}/logs", "What a job prints.", Answer::Lines("JobLog"))
    },
    act(Method::Post, "/v1/clusters/{name}/jobs/{id}/stop", "Stop a job.", Answer::Json("Job")),
    Route {
        scope: Scope::Secret,
        ..read("/v1/clusters/{name}/token", "Ray's token of a cluster.", Answer::Json("Token"))
    },
    Route {
        scope: Scope::Secret,
        done: (101, "Bytes, after `Upgrade: rayakash-tunnel`."),
        ..read(
            "/v1/clusters/{name}/tunnel/{port}",
            "A connection to port 8265 or 10001 of the head.",
            Answer::Bytes,
        )
    },
    read("/v1/wallet", "What the context's key owns.", Answer::Json("Wallet")),
    read("/v1/wallet/history", "Everything that moved the wallet.", Answer::Json("History")),
    read("/v1/budget", "What the wallet may spend, and what of it is spent.", Answer::Json("Budget")),
    Route {
        body: Some("SetBudget"),
        ..act(Method::Put, "/v1/budget", "Change what the wallet may spend.", Answer::Json("Budget"))
    },
    Route {
        query: &[("cluster", "Only of this cluster."), ("by", "`cluster`, `node`, `day` or `tx`.")],
        ..read("/v1/cost", "What clusters cost.", Answer::Json("Cost"))
    },
    read("/v1/wallet/claim", "Why nothing is spent with the key.", Answer::Json("Claim")),
    Route {
        body: Some("ClaimRequest"),
        ..act(
            Method::Post,
            "/v1/wallet/claim",
            "Take all that the key did for explained, and let spending go on.",
            Answer::Json("Claim"),
        )
    },
    Route {
        scope: Scope::Secret,
        body: Some("GrantRequest"),
        done: (200, "What is granted, as the chain has it."),
        ..act(
            Method::Post,
            "/v1/wallet/grant",
            "Let a hot key pay deposits and fees with the coins of a key.",
            Answer::Json("Funding"),
        )
    },
    Route {
        scope: Scope::Secret,
        body: Some("RevokeRequest"),
        ..act(
            Method::Post,
            "/v1/wallet/revoke",
            "Take back what a hot key may use of the coins of a key.",
            Answer::Json("Funding"),
        )
    },
    read("/v1/doctor", "What is wrong, and what to type about it.", Answer::Json("Doctor")),
    Route {
        body: Some("AdoptRequest"),
        done: (200, "Every open deployment of the key, and what was done about it."),
        ..act(
            Method::Post,
            "/v1/adopt",
            "Enter what is on chain and not in the ledger.",
            Answer::Json("DeploymentList"),
        )
    },
    read("/v1/gc", "What is paid for and wanted by nobody.", Answer::Json("DeploymentList")),
    Route {
        body: Some("GcRequest"),
        done: (200, "They close; `cluster` names what to watch."),
        ..act(
            Method::Post,
            "/v1/gc",
            "Close what is paid for and wanted by nobody.",
            Answer::Json("DeploymentList"),
        )
    },
    read("/v1/keys", "All keys.", Answer::Json("KeyList")),
    Route {
        scope: Scope::Secret,
        body: Some("NewKey"),
        done: (201, "The key is stored, encrypted."),
        ..act(Method::Post, "/v1/keys", "Make a key, or import one.", Answer::Json("MadeKey"))
    },
    Route {
        done: (204, "The key is gone."),
        ..act(Method::Delete, "/v1/keys/{name}", "Remove a key.", Answer::Empty)
    },
    Route {
        scope: Scope::Secret,
        body: Some("Unlock"),
        ..act(
            Method::Post,
            "/v1/keys/{name}/unlock",
            "Give a key's passphrase to the daemon.",
            Answer::Json("Key"),
        )
    },
    Route {
        scope: Scope::Secret,
        body: Some("Export"),
        ..act(Method::Post, "/v1/keys/{name}/export", "The words of a key.", Answer::Json("Mnemonic"))
    },
];

/// The token of the `Upgrade` header of a tunnel.
pub const TUNNEL_PROTOCOL: &str = "rayakash-tunnel";
