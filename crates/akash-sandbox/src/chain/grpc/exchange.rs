//! Queries about AKT into ACT (BME) and the price that it goes by (oracle).

use akash_proto::akash::bme::v1::query_ledger_record_entry::Record as WireRecord;
use akash_proto::akash::bme::v1::{self as bme, ledger_canceled_record::BmCancelReason};
use akash_proto::akash::oracle::v2 as oracle;
use akash_types::{Coin, Dec, UACT, UAKT};
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin as WireCoin;
use cosmos_sdk_proto::tendermint::google::protobuf::Duration;
use tonic::{Code, Request, Response, Status};

use super::page::{page, passes_text};
use super::{answer, refused};
use crate::market::bme::{Done, Record, RecordId, RecordState, vault};
use crate::market::oracle::{ASSET, missing};
use crate::market::run::Run;

#[tonic::async_trait]
impl bme::query_server::Query for super::Api {
    async fn params(
        &self,
        request: Request<bme::QueryParamsRequest>,
    ) -> Result<Response<bme::QueryParamsResponse>, Status> {
        let state = self.state(&request)?;
        let e = &state.exchange;
        let params = bme::Params {
            circuit_breaker_warn_threshold: e.warn_bps,
            circuit_breaker_halt_threshold: e.halt_bps,
            min_epoch_blocks: i64::try_from(e.min_epoch_blocks).unwrap_or(i64::MAX),
            epoch_blocks_backoff_percent: e.backoff_percent,
            mint_spread_bps: e.mint_spread_bps,
            settle_spread_bps: e.settle_spread_bps,
            max_endblocker_records: e.max_records,
            min_mint: e.min_mint.iter().map(Into::into).collect(),
            max_pending_attempts: e.max_attempts,
        };
        Ok(answer(&state, bme::QueryParamsResponse { params: Some(params) }))
    }

    async fn vault_state(
        &self,
        request: Request<bme::QueryVaultStateRequest>,
    ) -> Result<Response<bme::QueryVaultStateResponse>, Status> {
        let state = self.state(&request)?;
        let vault = vault().map_err(|e| Status::internal(e.log))?;
        let held = state.balance(&vault, &UAKT);
        let e = &state.exchange;
        let pair = |[uact, uakt]: [u128; 2]| vec![wire(&Coin::uact(uact)), wire(&Coin::uakt(uakt))];
        let vault_state = bme::State {
            // Of ACT a node tells all there is, not what the vault holds.
            balances: pair([state.supply(&UACT), held]),
            total_burned: pair(e.burned),
            total_minted: pair(e.minted),
            remint_credits: vec![wire(&Coin::uakt(e.credit))],
        };
        Ok(answer(&state, bme::QueryVaultStateResponse { vault_state: Some(vault_state) }))
    }

    async fn status(
        &self,
        request: Request<bme::QueryStatusRequest>,
    ) -> Result<Response<bme::QueryStatusResponse>, Status> {
        let state = self.state(&request)?;
        let ratio = Run::new(state.clone()).collateral().map_err(|e| refused(Code::Unknown, stalled(e)))?;
        let e = &state.exchange;
        let share = |bps: u32| Dec::from_atoms(i128::from(bps).saturating_mul(100_000_000_000_000)).to_wire();
        let status = bme::QueryStatusResponse {
            status: e.status.to_wire(),
            collateral_ratio: ratio.to_wire(),
            warn_threshold: share(e.warn_bps),
            halt_threshold: share(e.halt_bps),
            mints_allowed: e.status.mints(),
            refunds_allowed: e.status.refunds(),
        };
        Ok(answer(&state, status))
    }

    async fn ledger_records(
        &self,
        request: Request<bme::QueryLedgerRecordsRequest>,
    ) -> Result<Response<bme::QueryLedgerRecordsResponse>, Status> {
        let state = self.state(&request)?;
        let bme::QueryLedgerRecordsRequest { filters, pagination } = request.into_inner();
        let f = filters.unwrap_or_default();
        // A node keeps three lists and goes through one after the other.
        let list = |status: bme::LedgerRecordStatus| {
            state.exchange.records.iter().filter(move |(_, r)| status_of(r) == status)
        };
        let items = [
            bme::LedgerRecordStatus::Pending,
            bme::LedgerRecordStatus::Executed,
            bme::LedgerRecordStatus::Canceled,
        ]
        .into_iter()
        .flat_map(list)
        .map(|(id, record)| {
            let fits = passes_text(&f.source, id.source.as_str())
                && passes_text(&f.denom, id.denom.as_str())
                && passes_text(&f.to_denom, id.to_denom.as_str())
                && (f.status.is_empty() || f.status == status_of(record).as_str_name());
            (id, fits.then(|| entry(id, record)))
        });
        let items: Vec<_> = items.collect();
        let (records, pagination) = page(items.into_iter(), pagination, true)?;
        Ok(answer(&state, bme::QueryLedgerRecordsResponse { records, pagination }))
    }
}

/// The registered text stands before its reason in a query.
fn stalled(rejection: akash_types::Rejection) -> akash_types::Rejection {
    match rejection.log.rsplit_once(": ") {
        Some((reason, text)) => {
            let log = format!("{text}: {reason}");
            akash_types::Rejection { log, ..rejection }
        }
        None => rejection,
    }
}

fn wire(coin: &Coin) -> WireCoin {
    coin.into()
}

fn status_of(record: &Record) -> bme::LedgerRecordStatus {
    match record.state {
        RecordState::Pending { .. } => bme::LedgerRecordStatus::Pending,
        RecordState::Executed(_) => bme::LedgerRecordStatus::Executed,
        RecordState::Canceled(_) => bme::LedgerRecordStatus::Canceled,
    }
}

fn entry(id: &RecordId, record: &Record) -> bme::QueryLedgerRecordEntry {
    let (owner, to, burn) = (record.owner.to_string(), record.to.to_string(), Some(wire(&record.burn)));
    let told = match &record.state {
        RecordState::Pending { attempts } => WireRecord::PendingRecord(bme::LedgerPendingRecord {
            owner,
            to,
            coins_to_burn: burn,
            denom_to_mint: id.to_denom.to_string(),
            attempts: *attempts,
        }),
        RecordState::Canceled(why) => WireRecord::CanceledRecord(bme::LedgerCanceledRecord {
            owner,
            cancel_reason: BmCancelReason::from_str_name(why).unwrap_or_default().into(),
            to,
            coins_to_burn: burn,
            denom_to_mint: id.to_denom.to_string(),
        }),
        RecordState::Executed(done) => WireRecord::ExecutedRecord(executed(owner, to, done)),
    };
    bme::QueryLedgerRecordEntry { id: Some(id.into()), status: status_of(record).into(), record: Some(told) }
}

fn executed(burned_from: String, minted_to: String, done: &Done) -> bme::LedgerRecord {
    let priced = |part: &Option<(Coin, Dec)>| {
        part.as_ref().map(|(coin, price)| bme::CoinPrice { coin: Some(wire(coin)), price: price.to_wire() })
    };
    bme::LedgerRecord {
        burned_from,
        minted_to,
        burner: "bme".to_owned(),
        minter: "bme".to_owned(),
        burned: priced(&done.burned),
        minted: priced(&done.minted),
        spread: done.spread.as_ref().map(wire),
        remint_credit_issued: priced(&done.credit_issued),
        remint_credit_accrued: priced(&done.credit_accrued),
    }
}

super::serve! {
    impl oracle::query_server::Query {
        async fn params(
            &self,
            request: Request<oracle::QueryParamsRequest>,
        ) -> Result<Response<oracle::QueryParamsResponse>, Status> {
            let state = self.state(&request)?;
            let o = &state.oracle;
            let span = |ns: i64| Some(Duration { seconds: ns / 1_000_000_000, nanos: 0 });
            let seconds = |seconds: i64| Some(Duration { seconds, nanos: 0 });
            let params = oracle::Params {
                sources: o.sources.iter().map(ToString::to_string).collect(),
                min_price_sources: 1,
                max_price_staleness_period: span(o.staleness_ns),
                twap_window: span(o.window_ns),
                max_price_deviation_bps: o.max_deviation_bps,
                feed_contracts_params: Vec::new(),
                price_retention: seconds(86_400),
                prune_epoch: "hour".to_owned(),
                max_prune_per_epoch: 1_000,
                max_future_time_drift: seconds(10),
            };
            Ok(answer(&state, oracle::QueryParamsResponse { params: Some(params) }))
        }

        async fn aggregated_price(
            &self,
            request: Request<oracle::QueryAggregatedPriceRequest>,
        ) -> Result<Response<oracle::QueryAggregatedPriceResponse>, Status> {
            let state = self.state(&request)?;
            let denom = request.into_inner().denom;
            let price = state.oracle.price.as_ref().filter(|_| denom == ASSET);
            let price = price.ok_or_else(|| Status::unknown(missing("AggregatedPrice")))?;
            let deviation_ok = price.deviation_bps <= state.oracle.max_deviation_bps;
            let told = oracle::AggregatedPrice {
                denom: denom.clone(),
                twap: price.twap.to_wire(),
                median_price: price.median.to_wire(),
                min_price: price.min.to_wire(),
                max_price: price.max.to_wire(),
                timestamp: Some(price.at.into()),
                num_sources: price.sources,
                deviation_bps: price.deviation_bps,
            };
            let health = oracle::PriceHealth {
                denom,
                is_healthy: price.healthy,
                has_min_sources: price.sources > 0,
                deviation_ok,
                total_sources: price.sources,
                total_healthy_sources: if price.healthy { price.sources } else { 0 },
                failure_reason: Vec::new(),
            };
            let response =
                oracle::QueryAggregatedPriceResponse { aggregated_price: Some(told), price_health: Some(health) };
            Ok(answer(&state, response))
        }
    }
    unserved {
        prices(oracle::QueryPricesRequest) -> oracle::QueryPricesResponse;
    }
}
