use super::app::App;
impl App {
    pub(super) fn find(&mut self, _forward: bool) {}
    pub(super) fn check_sought(&self) -> Result<(), String> { Ok(()) }
    pub(super) fn filter_text(&self) -> String { String::new() }
    pub(super) fn filter(&mut self, _: &str) -> Result<(), String> { Ok(()) }
}
