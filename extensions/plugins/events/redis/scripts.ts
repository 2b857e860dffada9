// Atomic operations in Redis: between two commands another member may act.
/**
 * Resets idle times and failure counts of events of a member. Returns those that others have taken
 * over.
 *
 * KEYS: the stream. ARGV: the group, the member, then id and failures of each event.
 */
export const RENEW = `
local lost = {}
for i = 3, #ARGV, 2 do
  local own = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if #own == 0 then lost[#lost + 1] = ARGV[i]
  else
    local count = tostring(tonumber(ARGV[i + 1]) + 1)
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i],
      'IDLE', 0, 'RETRYCOUNT', count, 'JUSTID')
  end
end
return lost`;

/**
 * Removes a member. Its events become available at once and do not count as failed. ARGV as above;
 * other events have no failures.
 */
export const LEAVE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local failures = {}
for i = 3, #ARGV, 2 do failures[ARGV[i]] = ARGV[i + 1] end
local own = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
while #own > 0 do
  for _, entry in ipairs(own) do
    local count = failures[entry[1]] or tostring(math.max(0, entry[4] - 1))
    redis.call('XCLAIM', KEYS[1], ARGV[1], 'nobody', 0, entry[1],
      'IDLE', 2000000000, 'RETRYCOUNT', count, 'JUSTID')
  end
  local first = own[1][1]
  own = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
  if #own > 0 and own[1][1] == first then
    for _, entry in ipairs(own) do redis.call('XACK', KEYS[1], ARGV[1], entry[1]) end
    own = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
  end
end
return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])`;

const START = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local function fields(list)
  local map = {}
  for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
  return map
end`;

/**
 * Deletes events that all groups have acknowledged, and idle members without events. Returns the
 * number of deleted events.
 *
 * ARGV: the idle limit, milliseconds.
 */
export const TRIM = `${START}
local function before(a, b)
  local am, as = string.match(a, '(%d+)-(%d+)')
  local bm, bs = string.match(b, '(%d+)-(%d+)')
  if #am ~= #bm then return #am < #bm end
  if am ~= bm then return am < bm end
  return tonumber(as) < tonumber(bs)
end
local oldest = nil
for _, listed in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = fields(listed)
  local needed = group['last-delivered-id']
  local pending = redis.call('XPENDING', KEYS[1], group['name'])
  if pending[1] > 0 then needed = pending[2] end
  if oldest == nil or before(needed, oldest) then oldest = needed end
  for _, told in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], group['name'])) do
    local member = fields(told)
    if member['pending'] == 0 and member['idle'] > tonumber(ARGV[1]) then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], group['name'], member['name'])
    end
  end
end
if oldest == nil then return 0 end
return redis.call('XTRIM', KEYS[1], 'MINID', oldest)`;

/**
 * Returns and resets the number of events that were trimmed before a group received them; 0 before
 * Redis 7, which counts them. ARGV: the group.
 */
export const LOST = `${START}
local stream = fields(redis.call('XINFO', 'STREAM', KEYS[1]))
if not stream['entries-added'] then return 0 end
local trimmed = stream['entries-added'] - stream['length']
for _, listed in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = fields(listed)
  local given = group['entries-read']
  if group['name'] == ARGV[1] and given and given < trimmed then
    redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], group['last-delivered-id'],
      'ENTRIESREAD', trimmed)
    return trimmed - given
  end
end
return 0`;

/** Deletes a group, and the stream with the last one. ARGV: the group. */
export const FORGET = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1])
if #redis.call('XINFO', 'GROUPS', KEYS[1]) == 0 then redis.call('DEL', KEYS[1]) end`;
