pub async fn draw_in_background(_dir: std::path::PathBuf) {}
