-- The mean, over the look-ahead, of a reduction that has heard every peak in it.

local released = 0
local ceiling, gain_db, release, weight
local early, held, line, delays, ring, place, total

function latency (k)
  return rounded (k.look_ahead_ms * k.rate / 1000)
end

function prepare (k)
  ceiling, gain_db, weight = k.ceiling_db - k.gain_db, k.gain_db, k.wet
  release = pole_of (k.release_ms * k.rate / 1000)
  local samples = latency (k)
  if samples ~= early then
    early, line = samples, {}
    held = maximum_of (samples, line)
    delays = { delay_of (samples), delay_of (samples) }
    ring, place, total = {}, 1, 0
    for i = 1, samples + 1 do ring[i] = 0 end
  end
end

function process (left, right, n)
  local delay_left, delay_right = delays[1], delays[2]
  local count = early + 1
  for i = 1, n do
    local a, b = left[i], right[i]
    local peak = held (math.max (a * a, b * b), line)
    local needed = math.max (LEVEL_DB * math.log (peak + FLOOR) - ceiling, 0)
    released = math.max (needed, release * released + (1 - release) * needed)
    -- Whole numbers are added up: what enters the sum leaves it again without a trace.
    local step = math.floor (released * 68719476736)
    total = total + step - ring[place]
    ring[place] = step
    place = place < count and place + 1 or 1
    local reduction = total / (count * 68719476736)
    local gain = 1 - weight + weight * math.exp (NEPERS_PER_DB * (gain_db - reduction))
    left[i], right[i] = delay_left (a) * gain, delay_right (b) * gain
  end
end
