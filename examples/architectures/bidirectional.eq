# A bidirectional recurrent network
# Schuster and Paliwal (1997), Bidirectional recurrent neural networks
X[1..4]: 3 x m
Y: 2 x m
W, W_b: 4 x 3
U, U_b: 4 x 4
V, V_b: 2 x 4
h[0] = zeros(4, m)
g[5] = zeros(4, m)
repeat t = 1..4:
    h[t] = tanh(W @ X[t] + U @ h[t-1])
repeat t = 4..1:
    g[t] = tanh(W_b @ X[t] + U_b @ g[t+1])
P = softmax(V @ h[4] + V_b @ g[1])
loss = cross_entropy(P, Y)
