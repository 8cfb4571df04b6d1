-- KEYS 1 value 2 who loads it   ARGV 1 token 2 lease (ms)   ->   {1, value, ms left} | {2} now to be loaded | {3, nil, ms} by another
local value = redis.call('GET', KEYS[1])
if value then return { 1, value, redis.call('PTTL', KEYS[1]) } end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 2, false, 0 } end
return { 3, false, redis.call('PTTL', KEYS[2]) }
