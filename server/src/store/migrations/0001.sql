CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    email TEXT UNIQUE,
    tier TEXT NOT NULL,
    balance_seconds BIGINT NOT NULL,
    talk_seconds BIGINT NOT NULL,
    calls_counted BIGINT NOT NULL,
    inbound BIGINT NOT NULL,
    preferences TEXT NOT NULL,
    profile TEXT,
    created_at TEXT NOT NULL
);
CREATE TABLE keys (
    hash TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    created_at TEXT NOT NULL,
    expires_at TEXT
);
CREATE INDEX keys_of_account ON keys (account);
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    direction TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    finalized_at TEXT,
    talk_seconds BIGINT,
    body TEXT
);
CREATE INDEX calls_of_account ON calls (account, finalized_at);
CREATE INDEX calls_not_over ON calls (queued_at) WHERE finalized_at IS NULL;
CREATE TABLE numbers (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL UNIQUE REFERENCES accounts (id)
);
CREATE TABLE repeats (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    call TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (account, name)
);
CREATE INDEX repeats_by_age ON repeats (created_at);
CREATE TABLE codes (
    key_hash TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    tries BIGINT NOT NULL,
    expires_at TEXT NOT NULL
);
