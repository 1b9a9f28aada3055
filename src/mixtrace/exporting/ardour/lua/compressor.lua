-- r = -slope q(10 log10(s + 1e-12) - T), smoothed by attack and release; or the level is smoothed
-- as an amplitude, from which r follows at once. The gain of a later sample acts on this one.

local threshold, slope, half, average, attack, release, weight, make_up
local rms, linked, smooths_level
local energy, smooth, delays, delayed

function latency (k)
  return rounded (k.look_ahead_ms * k.rate / 1000)
end

function prepare (k)
  local per_ms = k.rate / 1000
  slope, half = 1 / k.ratio - 1, math.max (0.5 * k.knee_db, 1e-6)
  average = pole_of (10 * per_ms)
  attack, release = pole_of (k.attack_ms * per_ms), pole_of (k.release_ms * per_ms)
  weight, make_up, threshold = k.wet, k.make_up_db, k.threshold_db
  rms, linked, smooths_level = k.detector > 0.5, KEYED or k.linked > 0.5, k.smoothing > 0.5
  energy, smooth = energy or { 0, 0 }, smooth or { 0, 0 }
  local early = latency (k)
  if not delays or early ~= delayed then
    delayed, delays = early, { delay_of (early), delay_of (early) }
  end
end

local function reduction (s)
  local x = LEVEL_DB * math.log (s + FLOOR) - threshold
  local bend = math.min (math.max (x + half, 0), 2 * half)
  return -slope * (bend * bend / (4 * half) + math.max (x - half, 0))
end

local function moved (wanted, y)
  local pole = wanted > y and attack or release
  return pole * y + (1 - pole) * wanted
end

-- The gain that the squares at one moment come to.
local function gain_of (c, e)
  local s = rms and average * energy[c] + (1 - average) * e or e
  energy[c] = s
  local r
  if smooths_level then
    smooth[c] = moved (math.sqrt (s), smooth[c])
    r = reduction (smooth[c] * smooth[c])
  else
    smooth[c] = moved (reduction (s), smooth[c])
    r = smooth[c]
  end
  return 1 - weight + weight * math.exp (NEPERS_PER_DB * (make_up - r))
end

function process (left, right, n, key_left, key_right)
  local delay_left, delay_right = delays[1], delays[2]
  for i = 1, n do
    local a, b = key_left[i], key_right[i]
    a, b = a * a, b * b
    local x, y = delay_left (left[i]), delay_right (right[i])
    if linked then
      local gain = gain_of (1, rms and (a + b) * 0.5 or math.max (a, b))
      left[i], right[i] = x * gain, y * gain
    else
      left[i], right[i] = x * gain_of (1, a), y * gain_of (2, b)
    end
  end
end
