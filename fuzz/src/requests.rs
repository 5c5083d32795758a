//! What comes from users: API requests.

use platform::CallRequest;

/// Bodies of `POST /call`: what is refused says why, what passes keeps its promises.
pub fn call_request(data: &[u8]) {
    match CallRequest::from_json(data) {
        Ok(request) => {
            assert!(!request.brief.task.is_empty());
            assert!(request.brief.task.len() <= CallRequest::TASK_BYTES_MAX);
        }
        Err(refused) => {
            assert!(!refused.code.is_empty() && !refused.message.is_empty());
            assert!(refused.body()["error"]["code"].is_string());
        }
    }
}
