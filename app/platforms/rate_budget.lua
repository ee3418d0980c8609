-- One connection's rate budget: a token bucket whose debts are reservations.
-- KEYS[1] the bucket. ARGV: operation, then its numbers. All times are the server's, in milliseconds.
--   take    maximum restore cost patience_ms -> {1, wait_ms} taken, send after the wait
--                                               {0, wait_ms} not taken, the wait is longer than allowed
--   observe maximum restore available        -> {1, 0}       what the platform itself said
--   pause   pause_ms short_ms                -> {1, 0}       nothing is sent before then
--           A pause up to short_ms may be one server's hiccup: it begins with a moment, which doubles as
--           long as the platform goes on asking for it.
-- `maximum` and `restore` (tokens a second) given to `take` count only until `observe` told better.
local key, operation = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local stored = redis.call('HMGET', key, 'tokens', 'at', 'maximum', 'restore', 'paused_until', 'strikes')
local paused_until = tonumber(stored[5]) or 0

local function keep(...)
  redis.call('HSET', key, ...)
  redis.call('PEXPIRE', key, 86400000)
end

if operation == 'pause' then
  local pause, strikes = tonumber(ARGV[2]), tonumber(stored[6]) or 0
  if pause <= tonumber(ARGV[3]) then
    if now < paused_until then return {1, 0} end -- said of a call that was sent before
    strikes = now < paused_until + 1000 and strikes + 1 or 0
    pause = math.min(pause, 250 * 2 ^ strikes)
  end
  keep('paused_until', math.max(paused_until, now + pause), 'strikes', strikes)
  return {1, 0}
end

local maximum = tonumber(stored[3]) or tonumber(ARGV[2])
local restore = tonumber(stored[4]) or tonumber(ARGV[3])
local tokens = tonumber(stored[1]) or maximum
local at = tonumber(stored[2]) or now
tokens = math.min(maximum, tokens + math.max(0, now - at) * restore / 1000)

if operation == 'observe' then
  local told, speed, available = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  -- Calls that wait for their turn hold a debt which the platform cannot know of.
  tokens = math.min(told, available) + math.min(0, tokens)
  keep('tokens', tokens, 'at', now, 'maximum', told, 'restore', speed)
  return {1, 0}
end

local cost, patience = math.min(tonumber(ARGV[4]), maximum), tonumber(ARGV[5])
local wait = math.max(0, (cost - tokens) * 1000 / restore, paused_until - now)
if wait > patience then
  return {0, math.ceil(wait)}
end
keep('tokens', tokens - cost, 'at', now)
return {1, math.ceil(wait)}
