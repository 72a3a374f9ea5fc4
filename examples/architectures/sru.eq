# A simple recurrent unit with its highway connection
# Lei, Zhang, Wang, Dai and Artzi (2018), Simple recurrent units for highly parallelizable recurrence
X[1..3]: 4 x m
Y: 4 x m
W, W_f, W_r: 4 x 4
v_f, v_r, b_f, b_r: 4 x 1
c[0] = zeros(4, m)
repeat t = 1..3:
    f[t] = sigmoid(W_f @ X[t] + v_f * c[t-1] + b_f)
    r[t] = sigmoid(W_r @ X[t] + v_r * c[t-1] + b_r)
    c[t] = f[t] * c[t-1] + (1 - f[t]) * (W @ X[t])
    h[t] = r[t] * c[t] + (1 - r[t]) * X[t]
loss = mse(h[3], Y)
