-- T / (g (1 + t T)), T = tanh(g x), t = tanh(bias), at a multiple of the rate: each doubling is a
-- half-band filter with a Kaiser window.

local PAIRS = { 40, 8, 6 }
local BETA = 10.06
local CHUNK = 256
local MOST = 8 * CHUNK + 100
local stages, channels, gain, tilt, weight

local function bessel (x)
  local total, term, m = 1, 1, 0
  repeat
    m = m + 1
    term = term * (x / (2 * m)) ^ 2
    total = total + term
  until term < 1e-17 * total
  return total
end

-- Taps at 1, 3, .. of a half-band filter; each side sums to one half.
local function taps_of (count)
  local taps, sum = {}, 0
  for j = 1, count do
    local offset = 2 * j - 1
    local sinc = math.sin (math.pi * offset / 2) / (math.pi * offset / 2)
    taps[j] = sinc * bessel (BETA * math.sqrt (1 - (offset / (2 * count)) ^ 2))
    sum = sum + taps[j]
  end
  for j = 1, count do taps[j] = taps[j] / (2 * sum) end
  return taps
end

local function stages_of (rate)
  local wanted = math.ceil (math.log (176000 / rate) / math.log (2))
  local found = {}
  for s = 1, math.min (math.max (wanted, 1), #PAIRS) do found[s] = taps_of (PAIRS[s]) end
  return found
end

-- Of the lags of all doublings, up and down, in samples of the audio: 80, 88 or 91 of them.
local function lag_of (found)
  local lag = 0
  for s, taps in ipairs (found) do lag = lag + 2 * #taps / 2 ^ (s - 1) end
  return rounded (lag)
end

-- For each channel and doubling three lines, and one for sums.
function memory (rate)
  return (2 * 3 * #PAIRS + 1) * MOST
end

function latency (k)
  return lag_of (stages_of (k.rate))
end

local function channel_of (number)
  local lines = {}
  for s = 1, #stages do
    local first = (3 * #PAIRS * number + 3 * (s - 1)) * MOST
    lines[s] = { up = first, even = first + MOST, odd = first + 2 * MOST }
  end
  return { lines = lines, dry = delay_of (lag_of (stages)) }
end

function prepare (k)
  gain, weight = math.exp (NEPERS_PER_DB * k.drive_db), k.wet
  local e = math.exp (2 * k.bias)
  tilt = (e - 1) / (e + 1)
  stages = stages_of (k.rate)
  channels = channels or { channel_of (0), channel_of (1) }
end

-- Put a signal at the end of a line that starts with so many samples of the past.
local function append (line, past, signal, n)
  shared:to_float (line + past):set_table (signal, n)
end

-- Keep the newest samples of the line as its past.
local function keep (line, past, n)
  local newest = shared:to_float (line + n):get_table (past)
  shared:to_float (line):set_table (newest, past)
end

-- The sum of taps[j] (x[i + near - j] + x[i + far + j]) over a line, x beginning at it.
local function between (line, taps, near, far, n)
  local sum = shared:to_float (2 * 3 * #PAIRS * MOST)
  ARDOUR.DSP.memset (sum, 0, n)
  for j, tap in ipairs (taps) do
    ARDOUR.DSP.mix_buffers_with_gain (sum, shared:to_float (line + near - j), n, tap)
    ARDOUR.DSP.mix_buffers_with_gain (sum, shared:to_float (line + far + j), n, tap)
  end
  return sum:get_table (n)
end

-- Twice the rate; what leaves lags by as many samples of the lower rate as there are taps.
local function doubled (line, taps, signal, n)
  local count, out = #taps, {}
  append (line, 2 * count, signal, n)
  local here = shared:to_float (line + count):get_table (n)
  local next_to = between (line, taps, count + 1, count, n)
  for i = 1, n do out[2 * i - 1], out[2 * i] = here[i], next_to[i] end
  keep (line, 2 * count, n)
  return out
end

-- Half the rate, lagging likewise.
local function halved (lines, taps, signal, n)
  local even, odd, count = {}, {}, #taps
  for i = 1, n do even[i], odd[i] = signal[2 * i - 1], signal[2 * i] end
  append (lines.even, 2 * count, even, n)
  append (lines.odd, 2 * count, odd, n)
  local here = shared:to_float (lines.even + count):get_table (n)
  local next_to = between (lines.odd, taps, count, count - 1, n)
  for i = 1, n do even[i] = 0.5 * (here[i] + next_to[i]) end
  keep (lines.even, 2 * count, n)
  keep (lines.odd, 2 * count, n)
  return even
end

local function bend (high, n)
  local exp, abs = math.exp, math.abs
  for i = 1, n do
    local x = gain * high[i]
    local e = exp (-2 * abs (x))
    local t = (1 - e) / (1 + e)
    if x < 0 then t = -t end
    high[i] = t / (gain * (1 + tilt * t))
  end
end

local function saturate (channel, signal, n)
  local high, count = signal, n
  for s, taps in ipairs (stages) do
    high, count = doubled (channel.lines[s].up, taps, high, count), 2 * count
  end
  bend (high, count)
  for s = #stages, 1, -1 do
    count = count // 2
    high = halved (channel.lines[s], stages[s], high, count)
  end
  for i = 1, n do
    local dry = channel.dry (signal[i])
    signal[i] = dry + weight * (high[i] - dry)
  end
end

function process (left, right, n)
  saturate (channels[1], left, n)
  saturate (channels[2], right, n)
end
