//! Which path asks which gRPC method (`google.api.http` options of the chain's own descriptions).

/// How a route's request is filled besides from its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// `GET`: from the query string.
    Query,
    /// `POST`: from the body.
    Body,
}

const ROUTES: &[(From, &str, &str)] = &[
    (From::Query, "/akash/audit/v1/audit/attributes/list", "akash.audit.v1.Query/AllProvidersAttributes"),
    (From::Query, "/akash/audit/v1/audit/attributes/{owner}/list", "akash.audit.v1.Query/ProviderAttributes"),
    (
        From::Query,
        "/akash/audit/v1/audit/attributes/{auditor}/{owner}",
        "akash.audit.v1.Query/ProviderAuditorAttributes",
    ),
    (From::Query, "/akash/provider/v1/auditor/{auditor}/list", "akash.audit.v1.Query/AuditorAttributes"),
    (From::Query, "/akash/bme/v1/ledger", "akash.bme.v1.Query/LedgerRecords"),
    (From::Query, "/akash/bme/v1/params", "akash.bme.v1.Query/Params"),
    (From::Query, "/akash/bme/v1/status", "akash.bme.v1.Query/Status"),
    (From::Query, "/akash/bme/v1/vault", "akash.bme.v1.Query/VaultState"),
    (From::Query, "/akash/cert/v1/certificates/list", "akash.cert.v1.Query/Certificates"),
    (From::Query, "/akash/deployment/v1beta4/deployments/info", "akash.deployment.v1beta4.Query/Deployment"),
    (From::Query, "/akash/deployment/v1beta4/deployments/list", "akash.deployment.v1beta4.Query/Deployments"),
    (From::Query, "/akash/deployment/v1beta4/groups/info", "akash.deployment.v1beta4.Query/Group"),
    (From::Query, "/akash/deployment/v1beta4/params", "akash.deployment.v1beta4.Query/Params"),
    (From::Query, "/akash/discovery/v1/info", "akash.discovery.v1.Discovery/GetInfo"),
    (From::Query, "/akash/escrow/v1/types/accounts", "akash.escrow.v1.Query/Accounts"),
    (From::Query, "/akash/escrow/v1/types/payments", "akash.escrow.v1.Query/Payments"),
    (From::Query, "/akash/market/v1beta5/bids/info", "akash.market.v1beta5.Query/Bid"),
    (From::Query, "/akash/market/v1beta5/bids/list", "akash.market.v1beta5.Query/Bids"),
    (From::Query, "/akash/market/v1beta5/leases/info", "akash.market.v1beta5.Query/Lease"),
    (From::Query, "/akash/market/v1beta5/leases/list", "akash.market.v1beta5.Query/Leases"),
    (From::Query, "/akash/market/v1beta5/orders/info", "akash.market.v1beta5.Query/Order"),
    (From::Query, "/akash/market/v1beta5/orders/list", "akash.market.v1beta5.Query/Orders"),
    (From::Query, "/akash/market/v1beta5/params", "akash.market.v1beta5.Query/Params"),
    (From::Query, "/akash/oracle/v2/aggregated_price/{denom}", "akash.oracle.v2.Query/AggregatedPrice"),
    (From::Query, "/akash/oracle/v2/params", "akash.oracle.v2.Query/Params"),
    (From::Query, "/akash/oracle/v2/prices", "akash.oracle.v2.Query/Prices"),
    (From::Query, "/akash/provider/v1beta4/providers", "akash.provider.v1beta4.Query/Providers"),
    (From::Query, "/akash/provider/v1beta4/providers/{owner}", "akash.provider.v1beta4.Query/Provider"),
    (From::Query, "/cosmos/auth/v1beta1/accounts/{address}", "cosmos.auth.v1beta1.Query/Account"),
    (From::Query, "/cosmos/authz/v1beta1/grants", "cosmos.authz.v1beta1.Query/Grants"),
    (
        From::Query,
        "/cosmos/authz/v1beta1/grants/grantee/{grantee}",
        "cosmos.authz.v1beta1.Query/GranteeGrants",
    ),
    (
        From::Query,
        "/cosmos/authz/v1beta1/grants/granter/{granter}",
        "cosmos.authz.v1beta1.Query/GranterGrants",
    ),
    (From::Query, "/cosmos/bank/v1beta1/balances/{address}", "cosmos.bank.v1beta1.Query/AllBalances"),
    (From::Query, "/cosmos/bank/v1beta1/balances/{address}/by_denom", "cosmos.bank.v1beta1.Query/Balance"),
    (From::Query, "/cosmos/base/node/v1beta1/config", "cosmos.base.node.v1beta1.Service/Config"),
    (From::Query, "/cosmos/base/node/v1beta1/status", "cosmos.base.node.v1beta1.Service/Status"),
    (
        From::Query,
        "/cosmos/feegrant/v1beta1/allowance/{granter}/{grantee}",
        "cosmos.feegrant.v1beta1.Query/Allowance",
    ),
    (
        From::Query,
        "/cosmos/feegrant/v1beta1/allowances/{grantee}",
        "cosmos.feegrant.v1beta1.Query/Allowances",
    ),
    (
        From::Query,
        "/cosmos/feegrant/v1beta1/issued/{granter}",
        "cosmos.feegrant.v1beta1.Query/AllowancesByGranter",
    ),
    (From::Query, "/cosmos/tx/v1beta1/txs/{hash}", "cosmos.tx.v1beta1.Service/GetTx"),
    (From::Body, "/cosmos/tx/v1beta1/txs", "cosmos.tx.v1beta1.Service/BroadcastTx"),
    (From::Body, "/cosmos/tx/v1beta1/decode", "cosmos.tx.v1beta1.Service/TxDecode"),
    (From::Body, "/cosmos/tx/v1beta1/encode", "cosmos.tx.v1beta1.Service/TxEncode"),
    (From::Body, "/cosmos/tx/v1beta1/simulate", "cosmos.tx.v1beta1.Service/Simulate"),
];

/// The method that a path asks, and what the path says of its request: names and texts.
pub(super) fn find(from: From, path: &str) -> Option<(&'static str, Vec<(&'static str, &str)>)> {
    let of_kind = ROUTES.iter().filter(|(f, _, _)| *f == from);
    // A path without a variable comes first: `…/attributes/list` is no owner.
    let exact = of_kind.clone().find(|(_, template, _)| *template == path);
    if let Some((_, _, method)) = exact {
        return Some((method, Vec::new()));
    }
    of_kind.into_iter().find_map(|(_, template, method)| Some((*method, variables(template, path)?)))
}

fn variables<'a>(template: &'static str, path: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let (wanted, given) = (template.split('/'), path.split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut found = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(name) if !given.is_empty() => found.push((name, given)),
            Some(_) => return None,
            None if wanted == given => {}
            None => return None,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::*;

    #[test]
    fn every_route_leads_to_a_method_and_its_variables_to_fields() {
        let pool = DescriptorPool::decode(akash_proto::DESCRIPTORS).unwrap();
        for (_, path, method) in ROUTES {
            let (service, name) = method.split_once('/').unwrap();
            let service = pool.get_service_by_name(service).unwrap_or_else(|| panic!("{method}"));
            let found = service.methods().find(|m| m.name() == name).unwrap_or_else(|| panic!("{method}"));
            for (variable, _) in variables(path, path).unwrap() {
                assert!(found.input().get_field_by_name(variable).is_some(), "{path}");
            }
        }
    }

    #[test]
    fn a_path_without_a_variable_comes_first() {
        let method = |path| find(From::Query, path).map(|(method, _)| method);
        assert_eq!(
            method("/akash/audit/v1/audit/attributes/list"),
            Some("akash.audit.v1.Query/AllProvidersAttributes")
        );
        let (found, variables) = find(From::Query, "/cosmos/tx/v1beta1/txs/AB").unwrap();
        assert_eq!((found, variables), ("cosmos.tx.v1beta1.Service/GetTx", vec![("hash", "AB")]));
        assert_eq!(method("/cosmos/tx/v1beta1/txs"), None);
        assert_eq!(method("/nowhere"), None);
    }
}
