# A Jordan network: what comes out goes back in
# Jordan (1986), Attractor dynamics and parallelism in a connectionist sequential machine
X[1..4]: 3 x m
Y: 2 x m
W: 5 x 3
U: 5 x 2
V: 2 x 5
s[0] = zeros(2, m)
repeat t = 1..4:
    h[t] = tanh(W @ X[t] + U @ s[t-1])
    O[t] = sigmoid(V @ h[t])
    s[t] = 0.5 * s[t-1] + O[t]
loss = mse(O[4], Y)
