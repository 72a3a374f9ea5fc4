# A long short-term memory with forget gates
# Gers, Schmidhuber and Cummins (2000), Learning to forget
X[1..3]: 3 x m
Y: 2 x m
W_i, W_f, W_o, W_c: 4 x 3
U_i, U_f, U_o, U_c: 4 x 4
b_i, b_f, b_o, b_c: 4 x 1
V: 2 x 4
h[0] = zeros(4, m)
c[0] = zeros(4, m)
repeat t = 1..3:
    i[t] = sigmoid(W_i @ X[t] + U_i @ h[t-1] + b_i)
    f[t] = sigmoid(W_f @ X[t] + U_f @ h[t-1] + b_f)
    o[t] = sigmoid(W_o @ X[t] + U_o @ h[t-1] + b_o)
    g[t] = tanh(W_c @ X[t] + U_c @ h[t-1] + b_c)
    c[t] = f[t] * c[t-1] + i[t] * g[t]
    h[t] = o[t] * tanh(c[t])
P = softmax(V @ h[3])
loss = cross_entropy(P, Y)
