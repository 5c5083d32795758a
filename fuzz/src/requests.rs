//! What comes from users: API requests.

use platform::{CallRequest, Destinations};

/// Bodies of `POST /call`: what is refused says why, what passes keeps its promises.
pub fn call_request(data: &[u8]) {
    match CallRequest::from_json(data, &Destinations::default()) {
        Ok(request) => {
            assert!(!request.brief.task.is_empty());
            assert!(request.brief.task.len() <= CallRequest::TASK_BYTES_MAX);
        }
        Err(fault) => assert!(fault.code.row().1 >= 400 && !fault.message.is_empty()),
    }
}
