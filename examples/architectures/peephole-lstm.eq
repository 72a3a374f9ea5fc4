# A long short-term memory whose gates see the memory
# Gers and Schmidhuber (2000), Recurrent nets that time and count
X[1..3]: 3 x m
Y: 2 x m
W_i, W_f, W_o, W_c: 4 x 3
U_i, U_f, U_o, U_c: 4 x 4
p_i, p_f, p_o: 4 x 1
V: 2 x 4
h[0] = zeros(4, m)
c[0] = zeros(4, m)
repeat t = 1..3:
    i[t] = sigmoid(W_i @ X[t] + U_i @ h[t-1] + p_i * c[t-1])
    f[t] = sigmoid(W_f @ X[t] + U_f @ h[t-1] + p_f * c[t-1])
    c[t] = f[t] * c[t-1] + i[t] * tanh(W_c @ X[t] + U_c @ h[t-1])
    o[t] = sigmoid(W_o @ X[t] + U_o @ h[t-1] + p_o * c[t])
    h[t] = o[t] * tanh(c[t])
loss = mse(V @ h[3], Y)
