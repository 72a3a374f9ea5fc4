# Users and items by a product of embeddings and by a network at once
# He, Liao, Zhang, Nie, Hu and Chua (2017), Neural collaborative filtering
U: 5 x m input
I_: 6 x m input
Y: 1 x m
P, P_n: 3 x 5
Q, Q_n: 3 x 6
W: 4 x 6
h: 1 x 7
G = (P @ U) * (Q @ I_)
H = relu(W @ vstack(P_n @ U, Q_n @ I_))
p = sigmoid(h @ vstack(G, H))
loss = bce(p, Y)
