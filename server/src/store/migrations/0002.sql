CREATE TABLE webhooks (
    account TEXT PRIMARY KEY REFERENCES accounts (id),
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at TEXT NOT NULL,
    tries BIGINT NOT NULL,
    due BIGINT,
    laid_aside_at TEXT,
    said TEXT
);
CREATE INDEX messages_due ON messages (due) WHERE due IS NOT NULL;
CREATE INDEX messages_of_account ON messages (account, laid_aside_at);
