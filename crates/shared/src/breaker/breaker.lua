-- KEYS 1 state (hash) 2 probes by when they are given up (zset)
-- ARGV 1 open | probe | ended | look 2 epoch 3 token 4 outcome 5 probes 6 open (ms) 7 longest open (ms) 8 lease (ms) 9 channel
-- ->   {what, epoch, ms left}, what being closed | open | probe
-- state  epoch, until (0 when closed), row (opened in a row), well (probes that succeeded)
local call = redis.call
local op, epoch, token, outcome = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local probes, open, longest, lease = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local t = call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local flat = call('HMGET', KEYS[1], 'epoch', 'until', 'row', 'well')
-- One that is forgotten is closed, and has an epoch that none before it had.
local st = { epoch = flat[1] or tostring(now), till = tonumber(flat[2] or 0), row = tonumber(flat[3] or 0), well = tonumber(flat[4] or 0) }

local function answer(what, left) return { what, st.epoch, math.max(0, left) } end
local function turn()
    st.epoch = string.format('%.0f', math.max(now, tonumber(st.epoch) + 1))
    st.well = 0
    call('DEL', KEYS[2])
end
local function save()
    call('HSET', KEYS[1], 'epoch', st.epoch, 'until', st.till, 'row', st.row, 'well', st.well)
    call('PEXPIRE', KEYS[1], math.max(86400000, longest * 2))
end
local function tell() call('PUBLISH', ARGV[9], cjson.encode({ st.till > 0 and 'open' or 'closed', st.epoch, math.max(0, st.till - now) })) end
local function fall()
    st.row = st.row + 1
    st.till = now + math.min(longest, open * 2 ^ math.min(st.row - 1, 40))
    turn()
    save()
    tell()
end

if not flat[1] then save() end
if op == 'open' then
    if st.till == 0 and epoch == st.epoch then fall() end
elseif op == 'ended' then
    if epoch == st.epoch and call('ZREM', KEYS[2], token) == 1 then
        if outcome == 'failure' then
            fall()
        elseif outcome == 'success' and st.well + 1 >= probes then
            st.row, st.till = 0, 0
            turn()
            save()
            tell()
        else
            if outcome == 'success' then st.well = st.well + 1 end
            save()
            tell()
        end
    end
elseif op == 'probe' and st.till > 0 and now >= st.till then
    call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
    if call('ZCARD', KEYS[2]) + st.well < probes then
        call('ZADD', KEYS[2], now + lease, token)
        call('PEXPIRE', KEYS[2], lease * 2)
        return answer('probe', 0)
    end
    local first = call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
    return answer('open', first[2] and tonumber(first[2]) - now or 0)
end
if st.till == 0 then return answer('closed', 0) end
return answer('open', st.till - now)
