//! The summary that the options ask for.

use crate::args::{SumArgs, SumBy, SumOrder};
use wasmscope_tracer::summary::{By, Order, Summary};

/// A summary in the making, and the order of its rows.
pub(super) struct Sum {
    pub(super) summary: Summary,
    pub(super) order: Order,
}

/// Reads the options for the summary; `None` when there is to be none. `order` comes from `-S`.
pub(super) fn sum(args: &SumArgs, order: Option<SumOrder>) -> Option<Sum> {
    if !args.summary && !args.summary_only {
        return None;
    }
    let by = match args.by {
        SumBy::Function => By::Function,
        SumBy::Site => By::Site,
        SumBy::Path => By::Path,
        SumBy::Fd => By::Fd,
    };
    let order = match order.unwrap_or(args.sort_by) {
        SumOrder::Time => Order::Time,
        SumOrder::Calls => Order::Calls,
        SumOrder::Errors => Order::Errors,
        SumOrder::Bytes => Order::Bytes,
        SumOrder::Max => Order::Max,
        SumOrder::Name => Order::Name,
    };
    Some(Sum {
        summary: Summary::new(by),
        order,
    })
}
