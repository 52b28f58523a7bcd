//! The settings.

use convosync_wire::ConfigReport;

use super::look::Look;
use super::page::Page;

pub(crate) fn config(report: &ConfigReport, look: &Look) -> String {
    let mut page = Page::new(look);
    for row in &report.settings {
        page.line(&format!("{} = {}", row.key, row.value));
    }
    page.finish()
}
