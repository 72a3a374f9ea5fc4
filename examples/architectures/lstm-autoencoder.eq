# A sequence through the state of one cell and back, in reverse order
# Srivastava, Mansimov and Salakhutdinov (2015), Unsupervised learning of video representations using LSTMs
X[1..3]: 3 x m
W: 16 x 3
U: 16 x 4
b: 16 x 1
R: 16 x 4
r: 16 x 1
V: 3 x 4
h[0] = zeros(4, m)
c[0] = zeros(4, m)
repeat t = 1..3:
    a[t] = W @ X[t] + U @ h[t-1] + b
    c[t] = sigmoid(a[t][0:4]) * c[t-1] + sigmoid(a[t][4:8]) * tanh(a[t][8:12])
    h[t] = sigmoid(a[t][12:16]) * tanh(c[t])
s[4] = h[3]
e[4] = c[3]
L[4] = zeros(1, 1)
repeat t = 3..1:
    q[t] = R @ s[t+1] + r
    e[t] = sigmoid(q[t][0:4]) * e[t+1] + sigmoid(q[t][4:8]) * tanh(q[t][8:12])
    s[t] = sigmoid(q[t][12:16]) * tanh(e[t])
    L[t] = L[t+1] + sum((V @ s[t] - X[t])**2)
loss = L[1] / m
