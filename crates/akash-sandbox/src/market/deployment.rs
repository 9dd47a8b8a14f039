//! Deployments and groups.

use akash_types::escrow::{AccountId, Scope};
use akash_types::msg::{
    CloseDeployment, CloseGroup, CreateDeployment, PauseGroup, StartGroup, UpdateDeployment,
};
use akash_types::{
    Coin, Deployment, DeploymentId, DeploymentState, Group, GroupId, GroupSpec, GroupState, Rejection, UACT,
    UAKT,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::event::{Json as _, quoted};
use super::refuse::{
    DEPLOYMENT_CLOSED, DEPLOYMENT_EXISTS, DEPLOYMENT_NOT_FOUND, GROUP_CLOSED, GROUP_NOT_FOUND, GROUP_OPEN,
    GROUP_PAUSED, INVALID_DEPOSIT, INVALID_GROUPS, INVALID_HASH, INVALID_PRICE, INVALID_RECLAMATION, plain,
};
use super::run::Run;

impl Run {
    /// Opens a deployment, its groups and an order for each.
    pub(crate) fn create_deployment(&mut self, m: &CreateDeployment) -> Result<(), Rejection> {
        if self.state.deployments.contains(&m.id) {
            return Err(DEPLOYMENT_EXISTS.into());
        }
        self.check_deposit(&m.deposit.amount)?;
        self.check_reclamation(m.reclamation)?;
        check_names_and_denoms(&m.groups)?;
        let denom = m.groups.first().and_then(|g| g.units.first()).map(|u| u.price.denom.clone());
        if denom.as_ref() != Some(&UACT) {
            let shown = denom.map_or_else(String::new, |d| d.to_string());
            return Err(INVALID_PRICE.because(format!("unsupported denomination {shown}")));
        }
        let deposits = self.authorize(&m.id.owner, Scope::Deployment, &m.deposit)?;
        let (id, height) = (&m.id, self.state.height);
        let deployment = Deployment {
            id: id.clone(),
            state: DeploymentState::Active,
            hash: m.hash,
            created_at: height,
            reclamation: m.reclamation,
        };
        self.state.deployments.set(id.clone(), deployment);
        let groups: Vec<Group> = (1..)
            .zip(&m.groups)
            .map(|(gseq, spec)| Group {
                id: id.group(gseq),
                state: GroupState::Open,
                spec: spec.clone(),
                created_at: height,
            })
            .collect();
        for group in &groups {
            self.state.groups.set(group.id.clone(), group.clone());
        }
        self.emit_version("akash.deployment.v1.EventDeploymentCreated", id, m.hash);
        for group in &groups {
            self.open_order(group)?;
        }
        self.open_escrow(AccountId::of_deployment(id), &id.owner, deposits)
    }

    fn check_deposit(&self, deposit: &Coin) -> Result<(), Rejection> {
        let minimum = self.state.params.min_deposits.iter().find(|c| c.denom == deposit.denom);
        let Some(minimum) = minimum else {
            let denom = &deposit.denom;
            return Err(plain(format!("{}: Invalid deposit denomination {denom}", INVALID_DEPOSIT.text())));
        };
        if deposit.amount < minimum.amount {
            return Err(INVALID_DEPOSIT.because(format!("Deposit too low - {} < {minimum}", deposit.amount)));
        }
        // AKT is taken only later, by AccountDeposit.
        if deposit.denom == UAKT {
            return Err(INVALID_DEPOSIT.into());
        }
        Ok(())
    }

    fn check_reclamation(&self, window: Option<u64>) -> Result<(), Rejection> {
        let params = &self.state.params;
        match window {
            Some(window) if window < params.min_reclamation_window => {
                Err(INVALID_RECLAMATION.because("min_window below governance minimum"))
            }
            Some(window) if window > params.max_reclamation_window => {
                Err(INVALID_RECLAMATION.because("min_window above governance maximum"))
            }
            _ => Ok(()),
        }
    }

    /// Replaces the version.
    pub(crate) fn update_deployment(&mut self, m: &UpdateDeployment) -> Result<(), Rejection> {
        let mut deployment = self.active_deployment(&m.id)?;
        if deployment.hash == m.hash {
            return Err(INVALID_HASH.into());
        }
        deployment.hash = m.hash;
        self.state.deployments.set(m.id.clone(), deployment);
        self.emit_version("akash.deployment.v1.EventDeploymentUpdated", &m.id, m.hash);
        Ok(())
    }

    /// Ends a deployment: the escrow account ends, and takes the rest with it.
    pub(crate) fn close_deployment(&mut self, m: &CloseDeployment) -> Result<(), Rejection> {
        let deployment = self.active_deployment(&m.id)?;
        self.close_escrow(&AccountId::of_deployment(&deployment.id))
    }

    fn active_deployment(&self, id: &DeploymentId) -> Result<Deployment, Rejection> {
        let deployment =
            self.state.deployments.get(id).ok_or_else(|| Rejection::from(DEPLOYMENT_NOT_FOUND))?;
        if deployment.state != DeploymentState::Active {
            return Err(DEPLOYMENT_CLOSED.into());
        }
        Ok(deployment.clone())
    }

    /// Ends a group. The deployment lives on, and keeps its deposit.
    pub(crate) fn close_group(&mut self, m: &CloseGroup) -> Result<(), Rejection> {
        let group = self.group(&m.id)?;
        if group.state == GroupState::Closed {
            return Err(GROUP_CLOSED.into());
        }
        self.end_group(group, GroupState::Closed);
        self.end_orders_of(&m.id, GroupState::Closed);
        Ok(())
    }

    /// Ends what a group has in the market until it is started again.
    pub(crate) fn pause_group(&mut self, m: &PauseGroup) -> Result<(), Rejection> {
        let group = self.group(&m.id)?;
        match group.state {
            GroupState::Closed => return Err(GROUP_CLOSED.into()),
            GroupState::Paused => return Err(GROUP_PAUSED.into()),
            GroupState::Open | GroupState::InsufficientFunds | GroupState::Unrecognised(_) => {}
        }
        self.set_group(group, GroupState::Paused, "akash.deployment.v1.EventGroupPaused");
        self.end_orders_of(&m.id, GroupState::Paused);
        Ok(())
    }

    /// Opens a new order for a paused group. The deployment's own state is not looked at.
    pub(crate) fn start_group(&mut self, m: &StartGroup) -> Result<(), Rejection> {
        let group = self.group(&m.id)?;
        match group.state {
            GroupState::Closed => return Err(GROUP_CLOSED.into()),
            GroupState::Open => return Err(GROUP_OPEN.into()),
            GroupState::Paused | GroupState::InsufficientFunds | GroupState::Unrecognised(_) => {}
        }
        self.set_group(group.clone(), GroupState::Open, "akash.deployment.v1.EventGroupStarted");
        self.open_order(&group)
    }

    fn group(&self, id: &GroupId) -> Result<Group, Rejection> {
        self.state.groups.get(id).cloned().ok_or_else(|| GROUP_NOT_FOUND.into())
    }

    pub(crate) fn end_group(&mut self, group: Group, end: GroupState) {
        self.set_group(group, end, "akash.deployment.v1.EventGroupClosed");
    }

    /// A provider that leaves its lease leaves the group paused.
    pub(crate) fn pause_abandoned(&mut self, id: &GroupId) -> Result<(), Rejection> {
        let group = self.group(id)?;
        if group.state == GroupState::Open {
            self.set_group(group, GroupState::Paused, "akash.deployment.v1.EventGroupPaused");
        }
        Ok(())
    }

    fn set_group(&mut self, mut group: Group, state: GroupState, event: &'static str) {
        group.state = state;
        let id = group.id.clone();
        self.state.groups.set(id.clone(), group);
        self.emit(event, &id);
    }

    fn emit_version(&mut self, kind: &'static str, id: &DeploymentId, hash: [u8; 32]) {
        self.emit_with(kind, || [("hash", quoted(STANDARD.encode(hash))), ("id", id.json())]);
    }
}

fn check_names_and_denoms(groups: &[GroupSpec]) -> Result<(), Rejection> {
    let mut names: Vec<&str> = Vec::new();
    let denom = groups.first().and_then(|g| g.units.first()).map(|u| &u.price.denom);
    for group in groups {
        if group.units.first().map(|u| &u.price.denom) != denom {
            return Err(INVALID_GROUPS.because("inconsistent denom: invalid price"));
        }
        if names.contains(&group.name.as_str()) {
            let name = &group.name;
            return Err(INVALID_GROUPS
                .because(format!("duplicate deployment group name {name}: duplicate group name")));
        }
        names.push(&group.name);
    }
    Ok(())
}
