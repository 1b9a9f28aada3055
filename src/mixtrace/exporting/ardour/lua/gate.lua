-- o = min(S(x + 3), max(S(x), o)): it opens half a dB above the threshold and closes 3.5 dB below.

local state, opened = 0, 0
local threshold, range, attack, release, weight
local held, hold, delays, delayed

function memory (rate)
  return math.ceil (0.5 * rate) + 2
end

function latency (k)
  return rounded (k.look_ahead_ms * k.rate / 1000)
end

function prepare (k)
  local per_ms = k.rate / 1000
  threshold, range, weight = k.threshold_db, k.range_db, k.wet
  attack, release = pole_of (k.attack_ms * per_ms), pole_of (k.release_ms * per_ms)
  local samples, early = rounded (k.hold_ms * per_ms), latency (k)
  if samples ~= hold then hold, held = samples, nil end
  if not delays or early ~= delayed then
    delayed, delays = early, { delay_of (early), delay_of (early) }
  end
end

local function curve (x)
  local z = math.min (math.max (x + 0.5, 0), 1)
  return z * z * (3 - 2 * z)
end

function process (left, right, n, key_left, key_right)
  local delay_left, delay_right = delays[1], delays[2]
  local line = shared:to_float (0):array ()
  held = held or maximum_of (hold, line)
  for i = 1, n do
    local a, b = key_left[i], key_right[i]
    local x = LEVEL_DB * math.log (held (math.max (a * a, b * b), line) + FLOOR) - threshold
    state = math.min (curve (x + 3), math.max (curve (x), state))
    local pole = state > opened and attack or release
    opened = pole * opened + (1 - pole) * state
    local gain = 1 - weight + weight * math.exp (NEPERS_PER_DB * range * (1 - opened))
    left[i], right[i] = delay_left (left[i]) * gain, delay_right (right[i]) * gain
  end
end
